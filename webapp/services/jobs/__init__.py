"""The jobs: their schedules, their runs, and what each run does."""
