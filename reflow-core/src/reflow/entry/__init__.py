"""What the processes of a run start with; none of them knows argparse."""
