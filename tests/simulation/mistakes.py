"""T3: engines that are wrong on purpose. Each changes a few lines of the real one; the simulation must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from unittest.mock import patch

from providers.kinds import ResolutionClass
from providers.sandbox.troubles import Trouble
from tests.simulation import desk_engines, engines, rule_engines
from tests.simulation.post_office import MailTrouble
from tests.simulation.weights import Weights
from tests.simulation.world import World

C1, C2 = ResolutionClass.KEY_AND_LOOK_UP, ResolutionClass.LOOK_UP_ONLY
Make = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Mistake:
    """A wrong engine, the weights under which it shows soon, and the rules that may give it away."""

    make: Make
    weights: Weights
    rules: tuple[str, ...]
    caught_at: int  # the first seed that caught it when this was written


def replacing(*changes: tuple[str, object]) -> Make:
    """The engine with these names (`module.name`) replaced."""

    @contextmanager
    def make(_world: World) -> Iterator[None]:
        with ExitStack() as stack:
            for name, value in changes:
                stack.enter_context(patch(f"webapp.services.{name}", value))
            yield

    return make


def in_world(change: Callable[[World], tuple[tuple[str, object], ...]]) -> Make:
    """As `replacing`, where the wrong code needs the world."""

    def make(world: World) -> AbstractContextManager[None]:
        return replacing(*change(world))(world)

    return make


STORM = Weights(
    resolution=C1,
    workers=3,
    payments=1,
    wishes=4,
    busy_s=900.0,
    writes={Trouble.LATE_EFFECT: 0.4, Trouble.TIMEOUT_AFTER: 0.2, Trouble.TIMEOUT_BEFORE: 0.2},
    reads={Trouble.STALE_READ: 0.6},
    stop=0.0,
    whole_rest=0.0,
    other_kinds=0.0,
    word_lost=0.0,
    reconciliations=0,
)
FREEZING = replace(STORM, resolution=C2, freeze=0.5, freeze_only="K4", workers=4, writes={Trouble.LATE_EFFECT: 0.6})
TOLD = replace(STORM, writes={}, reads={}, kill=0.05, webhooks={"webhook_late": 0.3, "webhook_forged": 0.2}, clerks=2)
REFUSING = replace(STORM, writes={Trouble.REFUSED: 0.6}, reads={}, whole_rest=0.3)
JOBS = replace(REFUSING, jobs=True, wishes=0, payments=2, other_kinds=0.3, status_changes=2, stop=0.1, clerks=2)
MAILING = replace(REFUSING, mails={MailTrouble.DIES_AND_KEEPS: 0.4, MailTrouble.DIES_AND_LOSES: 0.3})
ACTING = replace(
    REFUSING, status_actions=True, wishes=0, payments=2, other_kinds=0.3, status_changes=2, clerks=2, job_every_s=60
)
COMPARING = replace(STORM, reconcile=True, hand_runs=10, job_every_s=60, busy_s=240.0, clerks=2, wishes=6)
SUMS = replace(STORM, resolution=C2, by_sums=True, wishes=6, portal=4, reconciliations=4, busy_s=1500.0)
_ALL_MOVES = (
    ("operations.leases.states_before", engines.every_state),
    ("operations.sending.states_before", engines.every_state),
)
_NO_FENCE = (
    ("operations.sending._start", engines.unfenced("operations.sending._start")),
    ("operations.recording._record", engines.unfenced("operations.recording._record")),
    ("operations.looking_up._no_view", engines.unfenced("operations.looking_up._no_view")),
)

MISTAKES: dict[str, Mistake] = {
    "new_key_per_attempt": Mistake(
        replacing(
            ("operations.sending._stored_call", engines.no_stored_call),
            ("operations.sending._request", engines.request_with_new_key),
        ),
        STORM,
        ("I2",),
        0,
    ),
    "timeout_is_failure": Mistake(
        replacing(("operations.recording._act", engines.failing(lambda reply: reply.code == "no_answer"))),
        STORM,
        ("I3",),
        0,
    ),
    "error_5xx_is_failure": Mistake(
        replacing(("operations.recording._act", engines.failing(lambda reply: reply.http_status == 500))),
        replace(STORM, writes={Trouble.ERROR_AFTER: 0.5}),
        ("I3",),
        0,
    ),
    "running_409_is_failure": Mistake(
        replacing(("operations.recording._act", engines.failing(lambda reply: reply.http_status == 409))),
        STORM,
        ("I3",),
        2,
    ),
    "no_fence": Mistake(replacing(*_NO_FENCE), FREEZING, ("I2", "I8", "I11"), 9),
    "blind_resend": Mistake(
        replacing(("operations.running.look_up", engines.send_again)),
        replace(STORM, resolution=C2),
        ("I2",),
        0,
    ),
    "no_settle_window": Mistake(
        replacing(("operations.looking_up._weigh_absence", engines.weigh_without_settling)),
        replace(STORM, resolution=C2, payments=3, writes={Trouble.LATE_EFFECT: 0.9}),
        ("I2",),
        0,
    ),
    "key_trusted_after_its_window": Mistake(
        replacing(("operations.looking_up._may_replay", engines.replay_for_ever)),
        replace(STORM, key_window_s=100, key_trust_s=30, latest_arrival_s=30.0, most_wire_freeze_s=10.0),
        ("I2",),
        2,
    ),
    "send_before_commit": Mistake(
        replacing(
            ("operations.running.send", engines.send_before_commit),
            ("operations.looking_up.send", engines.send_before_commit),
        ),
        STORM,
        ("I4",),
        0,
    ),
    "release_on_unknown": Mistake(
        replacing(("operations.recording._doubt", engines.release_on_doubt)), STORM, ("I3", "I1"), 0
    ),
    "sum_without_lock": Mistake(
        in_world(engines.read_then_reserve),
        replace(STORM, busy_s=20.0, wishes=6, double_submit=0.0, writes={}, reads={}),
        ("I3", "I1"),
        0,
    ),
    "terminal_overwritten": Mistake(
        replacing(*_ALL_MOVES, ("operations.recording._record", engines.record_over_anything)),
        replace(FREEZING, freeze_only="K7", writes={Trouble.ERROR_AFTER: 0.5}),
        ("I8", "ck_payments_bounds", "operations.payment_id"),  # or I1's CHECK or I7's index, which stand before it
        1,
    ),
    "refusal_of_a_repeat_believed": Mistake(
        replacing(("operations.recording.state_after", engines.believing)),
        replace(STORM, writes={Trouble.TIMEOUT_AFTER: 0.3, Trouble.LATE_EFFECT: 0.2, Trouble.REFUSE_REPEAT: 0.4}),
        ("I3",),
        3,
    ),
    "restore_without_recovery": Mistake(
        in_world(engines.no_recovery),
        replace(STORM, resolution=C2, restore=True, busy_s=300.0, writes={}, reads={}),
        ("I2", "I3"),
        4,
    ),
    "webhook_payload_trusted": Mistake(
        replacing(("webhooks.processing._act", desk_engines.believe_message)), TOLD, ("I1", "I9", "books"), 0
    ),
    "forged_message_acted_upon": Mistake(
        replacing(("webhooks.receiving._note_refused", desk_engines.act_on_refused)),
        replace(TOLD, forgeries=3),
        ("R34",),
        0,
    ),
    "job_files_twice_for_one_change": Mistake(
        in_world(desk_engines.forget_the_change), replace(JOBS, status_changes=1, job_every_s=60), ("R17",), 1
    ),
    "run_made_twice_by_two_schedulers": Mistake(
        replacing(("jobs.making._make_within", desk_engines.make_run_all_the_same)),
        replace(JOBS, schedulers=2, freeze=0.3, freeze_only="K15", job_every_s=60, busy_s=900.0),
        ("R20",),
        1,
    ),
    "run_taken_over_and_gone_on_with": Mistake(
        replacing(("jobs.runs.Run._hold", desk_engines.hold_whatever_happened)),
        replace(JOBS, freeze=0.5, freeze_only="K15", job_every_s=60),
        ("K15", "R17", "I8"),
        3,
    ),
    "status_action_fired_after_the_change": Mistake(
        in_world(rule_engines.fire_afterwards), replace(ACTING, by_file=0.0), ("R17",), 0
    ),
    "status_action_fired_until_it_shows": Mistake(
        in_world(rule_engines.fire_until_it_shows), replace(ACTING, status_changes=1), ("R17",), 4
    ),
    "case_opened_on_one_read": Mistake(
        replacing(
            ("cases.comparing._may_be_believed", rule_engines.believe_at_once),
            ("cases.keeping._add", rule_engines.open_at_once),
        ),
        replace(COMPARING, writes={}, reads={Trouble.STALE_READ: 0.8}),
        ("R28",),
        0,
    ),
    "comparison_blind_to_calls_under_way": Mistake(
        replacing(("cases.comparing.locked_operations", rule_engines.nothing_under_way)),
        replace(COMPARING, writes={Trouble.TIMEOUT_AFTER: 0.5}),
        ("I9", "I3", "I1", "books"),
        2,
    ),
    "mail_resent_on_doubt": Mistake(
        replacing(("mails.sending.STATE_AFTER", desk_engines.RESENT)), MAILING, ("I14", "R44"), 1
    ),
    "mails_sent_again_after_a_restore": Mistake(
        replacing(
            ("mails.keeping.after_restore", desk_engines.nothing_restored),
            ("mails.failures.withhold", desk_engines.nothing_restored),
        ),
        replace(MAILING, restore=True, mails={}, wishes=8, busy_s=3000.0),
        ("I14", "R44"),
        1,
    ),
    "no_limit_before_the_first_byte": Mistake(
        replacing(("operations.first_byte.COMMIT_TO_FIRST_BYTE_S", 1e9)),
        replace(FREEZING, freeze_only="K5", writes={}, payments=6, wishes=8, busy_s=3000.0),
        ("I2",),
        1,
    ),
    "total_booked_twice": Mistake(
        replacing(("payments.applying.booked_totals", engines.nothing_booked)),
        replace(SUMS, writes={}),
        ("books", "I1", "ck_payments"),
        3,
    ),
    "stale_level_believed": Mistake(
        replacing(("payments.applying.derive", engines.derive_believing)), SUMS, ("books", "I1", "I3"), 0
    ),
    "target_recomputed_on_resend": Mistake(
        replacing(("operations.sending._stored_call", engines.no_stored_call)),
        replace(SUMS, payments=1, reads={}, writes={Trouble.RATE_LIMITED: 0.7}, portal=12),
        ("R12",),
        0,
    ),
}
