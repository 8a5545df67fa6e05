"""The words for what the services of the desk's settings refuse."""

from __future__ import annotations

from webapp.formatting.lazy import _l
from webapp.forms.base import Form
from webapp.services.errors import RuleBroken, StaleVersion

REFUSALS: dict[str, tuple[str, str]] = {
    "code_taken": ("code", _l("This code is in use already")),
    "currency_fixed": ("currency", _l("The currency is fixed, because the shop has orders")),
    "name_taken": ("name", _l("An account of this shop, provider and mode has this name already")),
    "unknown_host": ("host", _l("Choose a server of the list")),
    "credentials_missing": ("", _l("Enter the keys that the provider gave you")),
    "key_without_shop": ("shops", _l("Choose at least one shop")),
    "right_not_yours": ("rights", _l("You can only give rights that you have yourself in each of these shops")),
    "email_taken": ("email", _l("Somebody with this e-mail address is here already")),
    "last_owner": ("", _l("A shop must keep at least one owner who can sign in")),
    "yourself": ("", _l("You cannot do this to yourself")),
    "nothing_to_fetch": ("", _l("There is nothing to read for this message")),
    "mail_too_late": ("", _l("It is too late to stop it")),
    "mail_not_again": ("", _l("Only a mail that failed or was maybe sent can be sent again")),
    "mail_text_gone": ("", _l("Its text was dropped after 90 days")),
    "request_id_taken": (
        "",
        _l("This form was used already, for something else or by somebody else. Open the page again"),
    ),
    "unknown_status": ("status", _l("Choose one of the shop's statuses")),
    "status_name_taken": ("name", _l("Another status of the shop has this name or code")),
    "kind_fixed": ("kind", _l("The kind is fixed, because orders stand in this status")),
    "new_needed": ("", _l("A shop must keep one status of the kind New, which new orders get")),
    "nothing_changed": ("", _l("Nothing was changed")),
    "import_not_ready": ("", _l("This import cannot be brought in any more. Look at its state")),
    "import_decided": ("", _l("The orders of this import are in Paydesk already")),
    "case_closed": ("", _l("This case is settled already")),
    "gone": ("", _l("Somebody did this already")),
    "nothing_failed": ("", _l("No row of this run stands as failed any more, so there is nothing to repeat.")),
    "not_ended": ("", _l("The run is not finished. Wait for its end, then repeat what failed.")),
    "wrong_password": ("old", _l("This is not the present one")),
    "too_short": ("new", _l("Use 15 characters or more")),
    "too_long": ("new", _l("Use 128 characters or fewer")),
    "too_weak": ("new", _l("This password is easy to guess. Choose another one")),
    "wrong_code": ("code", _l("This code does not fit. Wait for the next one")),
}
STALE = _l("Somebody changed this in the meantime. Below is what you typed; the present state is shown above the form")


def refuse(form: Form, refusal: RuleBroken) -> int:
    """Put the refusal on its field and answer the status of the page: 409 for a stale version, else 422."""
    if isinstance(refusal, StaleVersion):
        form.refuse("", str(STALE))
        return 409
    field, text = REFUSALS[refusal.code]
    form.refuse(field if field in form else "", str(text))
    return 422


def refusal_text(refusal: RuleBroken) -> str:
    """The words alone, for actions without a form of their own."""
    if isinstance(refusal, StaleVersion):
        return str(_l("Somebody changed this in the meantime. Look at the present state and decide again."))
    return str(REFUSALS[refusal.code][1])
