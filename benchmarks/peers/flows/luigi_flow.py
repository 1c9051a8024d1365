"""A fan-out of no-ops and a gather, by luigi, whose record is a file for each task."""

import sys

import luigi


class NoOp(luigi.Task):
    item = luigi.IntParameter()

    def output(self):
        return luigi.LocalTarget(f"results/{self.item}")

    def run(self):
        with self.output().open("w") as file:
            file.write(str(self.item))


class Count(luigi.Task):
    width = luigi.IntParameter()

    def requires(self):
        return [NoOp(item) for item in range(self.width)]

    def output(self):
        return luigi.LocalTarget("results/count")

    def run(self):
        with self.output().open("w") as file:
            file.write(str(len(self.input())))


if __name__ == "__main__":
    done = luigi.build([Count(width=int(sys.argv[1]))], workers=2, local_scheduler=True, log_level="ERROR")
    assert done
