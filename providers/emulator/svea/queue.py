"""Tasks (section 4): what is accepted now and carried out later.

Switches of the account: `task_seconds` (1 unless set; 0: at once), `task` as `fails` or `never`. The number of a
task begins with that of its order.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from ..records import Account, Json, Refused
from ..wire import Answer, Call, json_answer
from ..world import World
from . import crediting, delivering
from .desk import Desk, desk_of
from .errors import Problem

RUN = "task_run"
PER_ORDER = 1000
RUNNING, DONE, FAILED = "InProgress", "Completed", "Failed"

Check = Callable[[Desk], None]
Work = Callable[[Desk, int], None]
WORK: dict[str, tuple[Check, Work]] = {
    "deliver": (delivering.check_deliver, delivering.deliver),
    "lower": (delivering.check_lower, delivering.lower),
    "credit": (crediting.check_credit, crediting.credit),
}


def accept(world: World, account: Account, call: Call) -> Answer:
    """Check a call, answer 202 with its task, and carry it out then or later."""
    desk = desk_of(world, account, call)
    WORK[call.name][0](desk)
    number = len(desk.picture["tasks"]) + 1
    result = world.random.randrange(10**6, 10**7)
    desk.picture["tasks"][str(number)] = {"state": RUNNING, "result": result, "call": call.name}
    desk.picture["event"] = {}
    desk.post("accepted", 0)
    task_id = int(call.args["id"]) * PER_ORDER + number
    job = replace(call, name=RUN, args={**call.args, "task": str(number)})
    seconds = float(account.switches.get("task_seconds", 1))
    if account.switches.get("task") == "never":
        pass
    elif seconds > 0:
        world.postpone(account, job, seconds)
    else:
        run(world, account, job)
    where = f"{call.host}/svea/pa/api/v1/queue/{task_id}"
    body = {"DeliveryId": result} if call.name != "credit" else None
    return (Answer(202, b"") if body is None else json_answer(202, body)).having(headers={"Location": where})


def run(world: World, account: Account, call: Call) -> Answer:
    """Carry out a task; what Svea finds wrong by then makes it fail."""
    desk = desk_of(world, account, call)
    task = desk.picture["tasks"][call.args["task"]]
    desk.call = replace(call, name=task["call"])
    before = deepcopy(desk.picture)
    try:
        if account.switches.get("task") == "fails":
            raise Problem(400, "The task was told to fail.")
        task["state"] = DONE
        WORK[task["call"]][1](desk, task["result"])
    except (Problem, Refused):
        desk.picture = before
        desk.picture["tasks"][call.args["task"]]["state"] = FAILED
        desk.picture["event"] = {}
        desk.post("task_failed", 0)
    return Answer(204, b"")


def show(world: World, account: Account, call: Call) -> Answer:
    """GET /api/v1/queue/{id}: 303 once it is done."""
    order, number = divmod(int(call.args["task"]), PER_ORDER)
    call = replace(call, args={"id": str(order)})
    task: Json | None = desk_of(world, account, call, fresh=False).picture["tasks"].get(str(number))
    if task is None:
        raise Problem(404, "There is no such task.")
    if task["state"] == DONE:
        return Answer(303, b"", {"Location": f"{call.host}/svea/pa/api/v1/orders/{order}"})
    return json_answer(200, {"Id": number, "Status": task["state"]})
