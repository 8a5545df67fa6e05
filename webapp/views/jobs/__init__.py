"""Jobs: the board of all of them, the schedule of one, its runs, one run, and the rehearsal of the next one."""

from flask import Blueprint

bp = Blueprint("jobs", __name__, url_prefix="/jobs")

from webapp.views.jobs import board, rehearsing, runs, schedule  # noqa: E402, F401 - they hang their views on `bp`
