"""The words of mails about alerts: what is wrong, since when, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.domain.alerts import AlertKind
from webapp.formatting.lazy import _l


@dataclass(frozen=True, slots=True)
class Words:
    """`subject` and `lead` have places for %(shop)s, `lead` also for %(since)s; the link follows on `advice`."""

    subject: str
    lead: str
    advice: str


ALERTS: Mapping[AlertKind, Words] = {
    AlertKind.UNKNOWN: Words(
        _l("%(shop)s: a result has not been known for over 15 minutes"),
        _l(
            "Since %(since)s Paydesk has not known whether a capture, cancellation or refund of %(shop)s was carried"
            " out. It goes on asking the provider by itself."
        ),
        _l("Do not repeat it elsewhere: it may have been carried out. What is known stands here:"),
    ),
    AlertKind.REVIEW: Words(
        _l("%(shop)s: a result needs a decision"),
        _l(
            "Paydesk could not find out by itself whether a capture, cancellation or refund of %(shop)s was carried"
            " out. It has waited for people since %(since)s, and its money stays reserved."
        ),
        _l("Look in the provider's portal what happened, and settle it here:"),
    ),
    AlertKind.FROZEN: Words(
        _l("%(shop)s: a payment is frozen"),
        _l(
            "A payment of %(shop)s has been frozen since %(since)s, because something about it does not add up."
            " Nothing more is sent for it."
        ),
        _l("Compare it with the provider's portal, and settle the case where it has one. Frozen payments stand here:"),
    ),
    AlertKind.SIGNATURES: Words(
        _l("%(shop)s: messages with a wrong signature"),
        _l(
            "Since %(since)s more than 10 messages a minute have come to a webhook address of %(shop)s with a signature"
            " that does not fit. Paydesk acts on none of them."
        ),
        _l(
            "Compare the secret at the provider with that of the account. If they are the same, somebody else sends"
            " these messages; Paydesk reads the payments by itself all the same. The messages stand here:"
        ),
    ),
    AlertKind.BOOKS: Words(
        _l("Paydesk: the books do not add up"),
        _l("The check of the books that ended %(since)s found sums in the database that do not fit together."),
        _l(
            "Ask your operator to run the command “verify”, which names the payments, before more money is moved on"
            " them. The checks stand here:"
        ),
    ),
    AlertKind.AUDIT: Words(
        _l("Paydesk: the audit chain is broken"),
        _l(
            "The check of the books that ended %(since)s found that entries of the audit were changed, are missing or"
            " do not follow on each other."
        ),
        _l(
            "Somebody may have written to the database past Paydesk. Ask your operator to compare it with a backup."
            " This page checks the chain and names the entries:"
        ),
    ),
    AlertKind.OUTBOX: Words(
        _l("Paydesk: work is not handed to the workers"),
        _l(
            "Since %(since)s work has waited to be handed to the workers. They find it by themselves, but later than"
            " usual."
        ),
        _l("Ask your operator whether Redis and the scheduler are running. The jobs stand here:"),
    ),
}
