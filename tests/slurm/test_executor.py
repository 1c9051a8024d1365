"""What the Slurm executor does when sbatch, squeue, sacct or scancel misbehave, on the stand-in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflow.plugin import (
    JobState,
    NotSubmitted,
    ReflowError,
    Resources,
    SchedulerError,
    SubmissionUnknown,
)
from reflow_slurm import SlurmExecutor

REFUSED = "err sbatch: error: Batch job submission failed: Invalid partition name specified|exit 1"
FULL = "err sbatch: error: AssocMaxSubmitJobLimit|exit 1"
LOST = "accept quietly|err sbatch: error: Batch job submission failed: Socket timed out on send/recv operation|exit 1"
NEVER_SENT = "err sbatch: error: Batch job submission failed: Socket timed out on send/recv operation|exit 1"

UNTIL_GO = "while not os.path.exists('go'): time.sleep(0.01)"


def test_refusal_has_sbatchs_words_and_what_to_type(fake_slurm, standin, make_request):
    standin.fail("sbatch", REFUSED)

    with pytest.raises(
        NotSubmitted, match=r"flow\.task.*Invalid partition name specified; type: sinfo"
    ) as caught:
        fake_slurm.submit(make_request())
    assert not caught.value.transient


def test_submit_limit_is_tried_again_later(fake_slurm, standin, make_request):
    standin.fail("sbatch", FULL)
    request = make_request()

    with pytest.raises(NotSubmitted) as caught:
        fake_slurm.submit(request)
    assert caught.value.transient
    assert caught.value.over_limit
    assert fake_slurm.submit(request)


AT_ONCE = """#!/bin/sh
cat > "$STANDIN_SLURM/script.$$"
touch "$STANDIN_SLURM/began.$$"
for i in $(seq 200); do
  [ "$(ls "$STANDIN_SLURM" | grep -c began)" -ge 2 ] && echo "$$" && exit 0
  sleep 0.05
done
exit 1
"""


def test_requests_that_do_not_wait_for_each_other_are_submitted_at_once(fake_slurm, standin, make_request):
    (standin.bin / "sbatch").write_text(AT_ONCE)

    first, second = fake_slurm.submit_all([make_request(), make_request()])
    assert isinstance(first, str)
    assert isinstance(second, str)
    assert first != second
    assert all("exec " in script.read_text() for script in standin.folder.glob("script.*"))


def test_each_of_several_requests_has_its_own_answer(fake_slurm, standin, make_request):
    standin.fail("sbatch", REFUSED)
    never, refused = fake_slurm.submit_all([make_request()._replace(name="no name"), make_request()])

    assert "'no name' cannot be a job's name" in str(never)
    assert "Invalid partition name specified" in str(refused)
    assert all(isinstance(answer, NotSubmitted) for answer in (never, refused))


def test_an_answer_that_was_lost_is_that_of_one_request(fake_slurm, standin, make_request):
    standin.fail("sbatch", LOST)  # of whichever is first

    kinds = {type(answer) for answer in fake_slurm.submit_all([make_request(), make_request()])}
    assert kinds == {str, SubmissionUnknown}


def test_machine_without_sbatch_may_be_one_of_several(standin, make_request, monkeypatch):
    monkeypatch.setenv("PATH", str(standin.bin))
    fake_slurm = SlurmExecutor()
    (standin.bin / "sbatch").unlink()

    with pytest.raises(NotSubmitted, match="is it installed and on PATH") as caught:
        fake_slurm.submit(make_request())
    assert caught.value.transient


def test_machine_that_knows_of_no_cluster_may_be_one_of_several(fake_slurm, standin, make_request):
    standin.fail("sbatch", "err sbatch: fatal: Could not establish a configuration source|exit 1")

    with pytest.raises(NotSubmitted) as caught:
        fake_slurm.submit(make_request())
    assert caught.value.transient


@pytest.mark.parametrize(
    "fault",
    [
        LOST,
        "accept quietly|hang",
        "accept quietly|exit 0",
        "accept quietly|say not \\xff UTF-8|exit 0",
        "accept|exit 1",
        "accept|say 4711",
        "accept quietly|err something that nobody has heard of|exit 1",
    ],
)
def test_request_that_was_taken_all_the_same_is_found(impatient, standin, make_request, rig, fault):
    standin.fail("sbatch", fault)
    request = make_request(count=2)

    with pytest.raises(SubmissionUnknown, match="not known"):
        impatient.submit(request)

    native = impatient.find([request.token])[request.token]
    assert rig.wait_for_end(impatient, [native])[native][1].state is JobState.COMPLETED


def test_refusals_of_one_cause_are_told_in_the_same_words(fake_slurm, standin, make_request):
    full = "err sbatch: error: Batch job submission failed: Unable to create job record, try again|exit 1"
    standin.fail("sbatch", full, full)
    told = []
    for _ in range(2):
        with pytest.raises(NotSubmitted) as caught:
            fake_slurm.submit(make_request())
        told.append(str(caught.value))

    assert told == ["Slurm refused flow.task: Unable to create job record, try again"] * 2


@pytest.mark.parametrize("fault", [NEVER_SENT, "hang", "exit 0", "say nothing to see here|exit 0", "exit 1"])
def test_request_that_never_arrived_is_not_found(impatient, standin, make_request, fault):
    standin.fail("sbatch", fault)
    request = make_request()

    with pytest.raises(SubmissionUnknown):
        impatient.submit(request)

    assert impatient.find([request.token]) == {}


@pytest.mark.parametrize(
    "fault", ["accept", "say Welcome!|accept", "say 12 of 20 hours used|accept", "accept|say bye"]
)
def test_chatter_is_no_answer(fake_slurm, standin, make_request, fault):
    standin.fail("sbatch", fault)

    assert fake_slurm.submit(make_request()).startswith("100;standin;")


@given(
    faults=st.lists(st.sampled_from([LOST, NEVER_SENT, FULL, "accept", "accept quietly|exit 0"]), max_size=4)
)
@settings(max_examples=20)
def test_whatever_goes_wrong_a_request_is_queued_once(fake_slurm, standin, make_request, faults):
    standin.fail("sbatch", *faults)
    request = make_request(begin_s=3600)

    native = _submit_until_certain(fake_slurm, request)

    jobs = [json.loads(path.read_text()) for path in (standin.folder / "jobs").glob("*/job.json")]
    assert [job["number"] for job in jobs if job["comment"] == f"reflow:{request.token}"] == [
        native.partition(";")[0]
    ]
    fake_slurm.cancel([native])


def _submit_until_certain(executor: SlurmExecutor, request) -> str:
    for _ in range(10):
        try:
            return executor.submit(request)
        except SubmissionUnknown:
            found = executor.find([request.token])
            if found:
                return found[request.token]
        except NotSubmitted as refused:
            if not refused.transient:
                raise
    raise AssertionError("never taken")


@pytest.mark.parametrize(
    "fault", ["exit 1", "err Socket timed out|exit 1", "say \\x1e12\\x1f0\\x1fRUNN|exit 0"]
)
def test_question_without_an_answer_is_an_error_and_no_answer(fake_slurm, standin, make_request, fault):
    native = fake_slurm.submit(make_request())
    for ask in (fake_slurm.poll, fake_slurm.find, fake_slurm.cancel):
        standin.fail("squeue", fault)

        with pytest.raises(SchedulerError):
            ask([native])


def test_accounting_tells_what_the_controller_has_forgotten(fake_slurm, standin, make_request, rig):
    native = fake_slurm.submit(make_request("sys.exit(4 * (number == 1))", count=2))
    rig.wait_for_end(fake_slurm, [native])
    standin.forget(native)

    reports = fake_slurm.poll([native])[native]
    assert reports[0].state is JobState.COMPLETED
    assert reports[1].reason == "FAILED on n1: ended with exit status 4"


@pytest.mark.parametrize("accounting", [True, False])
def test_request_that_is_forgotten_everywhere_is_left_out(fake_slurm, standin, make_request, rig, accounting):
    standin.configure(accounting=accounting)
    native = fake_slurm.submit(make_request())
    rig.wait_for_end(fake_slurm, [native])
    standin.forget(native)
    standin.fail("sacct", "exit 1" if accounting else "accept")

    assert fake_slurm.poll([native]) == {}


def test_element_that_only_the_accounting_believes_to_be_alive_is_forgotten(
    fake_slurm, standin, make_request
):
    native = fake_slurm.submit(make_request(begin_s=3600))
    standin.forget(native)

    assert fake_slurm.poll([native]) == {}


def test_job_that_only_has_the_number_is_neither_looked_at_nor_cancelled(fake_slurm, standin, make_request):
    native = fake_slurm.submit(make_request(begin_s=3600))
    stranger = native.replace(native.split(";")[2], "e" * 20)

    fake_slurm.cancel([stranger])

    assert fake_slurm.poll([stranger]) == {}
    assert standin.calls("scancel") == []
    fake_slurm.cancel([native])


def test_single_elements_are_cancelled_by_the_number_of_the_array(
    fake_slurm, standin, make_request, rig, tmp_path
):
    native = fake_slurm.submit(make_request(UNTIL_GO, count=4))
    fake_slurm.cancel_elements(native, [1, 3, 99])
    (tmp_path / "go").touch()

    reports = rig.wait_for_end(fake_slurm, [native])[native]
    assert [reports[n].state for n in range(4)] == [JobState.COMPLETED, JobState.CANCELLED] * 2
    assert standin.calls("scancel")[0][1] == ["100_1", "100_3"]


def test_many_requests_are_asked_about_and_cancelled_at_once(fake_slurm, standin, make_request):
    natives = [fake_slurm.submit(make_request(begin_s=3600)) for _ in range(5)]
    before = len(standin.calls())

    fake_slurm.poll(natives)
    fake_slurm.cancel(natives)

    assert [call[0] for call in standin.calls()[before:]] == ["squeue", "squeue", "scancel"]


def test_predecessor_that_was_forgotten_keeps_nothing_from_being_submitted(
    fake_slurm, standin, make_request, rig, tmp_path
):
    gone = fake_slurm.submit(make_request())
    alive = fake_slurm.submit(make_request(UNTIL_GO))
    rig.wait_for_end(fake_slurm, [gone])
    standin.fail("sbatch", "err sbatch: error: Batch job submission failed: Job dependency problem|exit 1")

    fake_slurm.submit(make_request(predecessors=[gone, alive]))
    (tmp_path / "go").touch()

    assert f"--dependency=afterany:{alive.partition(';')[0]}" in standin.calls("sbatch")[-1][1]


def test_elements_that_have_ended_keep_nothing_from_being_submitted(
    fake_slurm, standin, make_request, rig, tmp_path
):
    gone = fake_slurm.submit(make_request())
    alive = fake_slurm.submit(make_request(f"if number:\n {UNTIL_GO}", 3))
    rig.wait_for_end(fake_slurm, [gone])
    rig.until(lambda: not fake_slurm.poll([alive])[alive][0].state.is_active)
    standin.fail("sbatch", "err sbatch: error: Batch job submission failed: Job dependency problem|exit 1")

    fake_slurm.submit(make_request(elements_ahead=[(gone, 0), (alive, 0), (alive, 1), (alive, 2)]))
    (tmp_path / "go").touch()

    job, asked = alive.partition(";")[0], [call[1] for call in standin.calls("sbatch")[-2:]]
    first = gone.partition(";")[0]
    assert f"--dependency=afterany:{first}_0:{job}_0:{job}_1:{job}_2" in asked[0]
    assert f"--dependency=afterany:{job}_1:{job}_2" in asked[1]


def test_what_cannot_leave_out_a_node_does_not_wait_for_what_was_forgotten(
    fake_slurm, standin, make_request, rig
):
    gone = fake_slurm.submit(make_request())
    rig.wait_for_end(fake_slurm, [gone])
    failed = "err sbatch: error: Batch job submission failed: "
    standin.fail(
        "sbatch",
        f"{failed}Job dependency problem|exit 1",
        f"{failed}Requested node configuration is not available|exit 1",
    )

    fake_slurm.submit(make_request(predecessors=[gone], exclude=["n1"]))

    asked = [" ".join(arguments) for _, arguments, _, _ in standin.calls("sbatch")[1:]]
    assert ["--dependency" in one for one in asked] == [True, False, False]
    assert ["--exclude" in one for one in asked] == [True, True, False]


def test_job_is_over_when_it_has_ended_or_is_forgotten(fake_slurm, standin, make_request, rig, tmp_path):
    tell = "open(f'me{number}', 'w').write(os.environ['SLURM_JOB_ID']); open(f'began{number}', 'w').close()\n"
    native = fake_slurm.submit(make_request(f"{tell}if number:\n {UNTIL_GO}", 2))
    rig.until(lambda: all((tmp_path / f"began{number}").exists() for number in range(2)))
    rig.until(lambda: not fake_slurm.poll([native])[native][0].state.is_active)
    ended, alive = ((tmp_path / f"me{number}").read_text() for number in range(2))

    assert fake_slurm.is_over(ended)
    assert not fake_slurm.is_over(alive)
    standin.forget(native)
    assert fake_slurm.is_over(alive)
    (tmp_path / "go").touch()


def test_whether_a_job_of_another_cluster_is_over_is_asked_there(fake_slurm, standin):
    standin.fail("squeue", "accept", "err squeue: error: No cluster 'south' known by database.|exit 1")

    assert fake_slurm.is_over("812@south")
    with pytest.raises(SchedulerError, match="south"):
        fake_slurm.is_over("812@south")
    assert ["--clusters=south" in call[1] for call in standin.calls("squeue")] == [True, True]


def test_nobody_knows_of_a_job_without_a_number_or_while_the_controller_is_silent(fake_slurm, standin):
    assert not fake_slurm.is_over("")
    assert not fake_slurm.is_over("process:n1:7")
    standin.fail("squeue", "err slurm_load_jobs error: Unable to contact slurm controller\\n|exit 1")
    with pytest.raises(SchedulerError, match="Unable to contact"):
        fake_slurm.is_over("7")


def test_commands_see_nothing_of_an_outer_job(standin, make_request, monkeypatch):
    for name in ("SLURM_JOB_ID", "SBATCH_ARRAY_INX", "SQUEUE_STATES", "SLURM_CLUSTERS", "SLURM_UMASK"):
        monkeypatch.setenv(name, "7")
    executor = SlurmExecutor()
    executor.poll([executor.submit(make_request())])

    seen = {name for _, _, _, environment in standin.calls() for name in environment}
    assert {name for name in seen if name.startswith(("SLURM", "SBATCH", "SQUEUE"))} == {
        *("SLURM_UMASK", "SLURM_BITSTR_LEN", "SLURM_TIME_FORMAT"),
    }


def test_cluster_is_known_inside_a_job_without_asking(standin, make_request, monkeypatch):
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "north")
    executor = SlurmExecutor()

    assert executor.submit(make_request()).split(";")[1] == "north"
    assert standin.calls("scontrol") == []


def test_jobs_of_another_cluster_are_asked_for_there(fake_slurm, standin):
    standin.fail("squeue", "accept")
    fake_slurm.poll([f"812;south;{'a' * 20};1"])

    assert "--clusters=south" in standin.calls("squeue")[0][1]


def test_controller_that_does_not_answer_is_not_available(fake_slurm, standin):
    standin.fail("scontrol", "err slurm_load_ctl_conf error: Unable to contact slurm controller|exit 1")

    assert "Unable to contact" in str(fake_slurm.available())


def test_controller_that_is_slow_is_ready_where_a_user_named_it_and_not_chosen_else(standin):
    standin.fail("scontrol", *2 * ["hang 2.5|accept"])

    assert "gave no answer in time" in str(SlurmExecutor().available())
    assert SlurmExecutor().ready() is None


@pytest.mark.parametrize("said", ["exit 0", "say Slurm is down for maintenance \\xff until 12:00|exit 0"])
def test_words_that_are_no_settings_are_no_answer_of_a_controller(fake_slurm, standin, said):
    standin.fail("scontrol", said, said)

    assert "scontrol printed no settings" in str(fake_slurm.available())
    with pytest.raises(SchedulerError, match="scontrol show config"):
        fake_slurm.limits()


def test_what_was_asked_ahead_is_asked_once(fake_slurm, standin):
    fake_slurm.ask_ahead()
    fake_slurm.ask_ahead()

    assert fake_slurm.available() is None
    fake_slurm.ask_ahead()
    fake_slurm.limits()
    fake_slurm.longest_s(None)
    asked = [" ".join(arguments) for _, arguments, _, _ in standin.calls("scontrol")]
    assert sorted(asked) == ["-o show partition", "show config"]


def test_what_was_asked_ahead_in_vain_is_told_when_it_is_needed(fake_slurm, standin):
    no_answer = "err slurm_load_ctl_conf error: Unable to contact slurm controller|exit 1"
    standin.fail("scontrol", *3 * [no_answer])
    fake_slurm.ask_ahead()

    with pytest.raises(SchedulerError, match="Unable to contact"):
        fake_slurm.longest_s(None)
    assert "Unable to contact" in str(fake_slurm.available())


def test_machine_without_slurm_is_not_available(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    executor = SlurmExecutor()
    executor.ask_ahead()
    assert "not on PATH" in str(executor.available())


def test_limits_are_asked_for_once_with_the_availability(fake_slurm, standin):
    standin.configure(MaxArraySize=51, MaxJobCount=5000)

    assert fake_slurm.available() is None
    assert fake_slurm.limits() == (51, 5000)
    assert len(standin.calls()) == 1


def test_limits_that_a_site_keeps_private_are_met_when_they_are_reached(fake_slurm, standin):
    standin.configure(MaxArraySize=51, AccountingStorageEnforce="associations,limits")
    standin.fail("scontrol", "accept", "err Access/permission denied|exit 1")

    assert fake_slurm.limits() == (51, None)
    assert standin.calls()[-1][1][:2] == ["show", "assoc_mgr"]


def test_options_that_reflow_needs_itself_are_refused_before_anything_is_asked(
    fake_slurm, standin, make_request
):
    with pytest.raises(NotSubmitted, match="--quiet"):
        fake_slurm.submit(make_request(resources=Resources(submit_options=("--quiet",))))
    assert standin.calls() == []


def test_parameters_show_nowhere_but_in_the_script(fake_slurm, standin, make_request):
    fake_slurm.submit(make_request("pass  # canary"))

    for _, arguments, _, _ in standin.calls():
        assert "canary" not in " ".join(arguments)


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "a'b",
        'a"b',
        "$(touch pwned)",
        "é",
        "a;b",
        "a%jb",
        "a\\b",
        "a\nb",
        "-rf",
        "a`b`",
        "#SBATCH --wait",
    ],
)
def test_directory_of_any_name_will_do(fake_slurm, make_request, rig, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    request = make_request("open('here', 'w').close()", cwd=str(folder))
    request = request._replace(argv=[*request.argv, str(folder)])

    native = fake_slurm.submit(request)

    assert rig.wait_for_end(fake_slurm, [native])[native][0].state is JobState.COMPLETED
    assert sorted(os.listdir(folder)) == ["here", "logs"]
    assert not list(Path(tmp_path).rglob("pwned"))


def test_errors_are_reflows_own(fake_slurm, standin, make_request):
    standin.fail("sbatch", NEVER_SENT)

    with pytest.raises(ReflowError):
        fake_slurm.submit(make_request())
