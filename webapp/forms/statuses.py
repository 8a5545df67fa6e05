"""Forms of the shop's list of order statuses, and of the two tables of status actions."""

from __future__ import annotations

import re
import uuid

from wtforms import Field, SelectField, StringField
from wtforms.validators import StopValidation

from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.status_actions import FollowedState, StatusAct
from webapp.formatting.lazy import _l
from webapp.formatting.status_action_words import ACTS, EVENTS, KINDS, provider_words
from webapp.forms.base import Form, VersionedForm, at_most, needed, stripped
from webapp.forms.choices import pairs
from webapp.models import OrderStatus, StatusKind
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services.orders.status_list import StatusCommand
from webapp.services.status_actions.tables import Cell, Tables, TablesCommand

AS_EVERYWHERE, KEEP = "", ""


class StatusEntryForm(VersionedForm):
    """Name and kind of a status."""

    name = StringField(_l("Name"), [needed(_l("Enter the name of the status")), at_most(60)], [stripped])
    kind = SelectField(_l("Kind"), choices=pairs((kind.value, word) for kind, word in KINDS.items()))

    @property
    def chosen_kind(self) -> StatusKind:
        """The kind."""
        return StatusKind(self.kind.data)


class NewStatusForm(StatusEntryForm):
    """One more status; its code stays for ever."""

    code = StringField(_l("Code"), [needed(_l("Enter a code")), at_most(40)], [stripped])

    def validate_code(self, field: StringField) -> None:
        """Codes stand in files and in the REST API."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", field.data or ""):
            raise StopValidation(str(_l("Use small letters a to z, digits, hyphens and underscores")))

    def command(self) -> StatusCommand:
        """What the service needs."""
        return StatusCommand(self.code.data or "", self.name.data or "", self.chosen_kind)


class TablesForm(VersionedForm):
    """Both tables; a subclass made by `tables_form` has the selects."""

    reason = StringField(
        _l("Why is it changed?"), [needed(_l("Enter why the tables are changed")), at_most(300)], [stripped]
    )

    def cell(self, status_id: uuid.UUID, provider: str) -> Field:
        """The select of one cell of the first table."""
        return self[cell_name((status_id, provider))]

    def line(self, event: FollowedState) -> Field:
        """The select of one line of the second table."""
        return self[f"follow_{event.value}"]

    def command(self, tables: Tables) -> TablesCommand:
        """What the service needs."""
        acts = {cell: self.cell(*cell).data for cell in _cells(tables)}
        follows = {event: self.line(event).data for event in FollowedState}
        return TablesCommand(
            acts={cell: StatusAct(word) if word else None for cell, word in acts.items()},
            follows={event: uuid.UUID(word) if word else None for event, word in follows.items()},
            reason=without_card_numbers(self.reason.data or ""),
        )


def cell_name(cell: Cell) -> str:
    """Name of a cell's field."""
    return f"act_{cell[0].hex}_{cell[1]}"


def tables_form(tables: Tables) -> TablesForm:
    """The form of these tables, filled with what stands in them."""
    fields: dict[str, Field] = {}
    names = {status.id: status.name for status in tables.statuses}
    for status_id, provider in _cells(tables):
        label = f"{names[status_id]}, {provider_words(provider)}"
        fields[cell_name((status_id, provider))] = _act_field(label, tables, (status_id, provider))
    for event in FollowedState:
        kept = tables.follows[event]
        fields[f"follow_{event.value}"] = SelectField(
            EVENTS[event],
            choices=pairs([(KEEP, _l("Keep the status")), *((str(key), name) for key, name in names.items())]),
            default=str(kept) if kept in names else KEEP,
        )
    made: TablesForm = type("TablesFormOfShop", (TablesForm,), fields)(data={"version": tables.shop.version})
    return made


def _act_field(label: str, tables: Tables, cell: Cell) -> Field:
    stands = tables.acts.cells.get(cell)
    acts = [(act.value, str(word)) for act, word in ACTS.items()]
    if cell[1] == EVERY_PROVIDER:
        return SelectField(label, choices=pairs(acts), default=(stands or StatusAct.NOTHING).value)
    usual = (AS_EVERYWHERE, str(_l("As for every provider")))
    return SelectField(label, choices=pairs([usual, *acts]), default=stands.value if stands else AS_EVERYWHERE)


def _cells(tables: Tables) -> list[Cell]:
    """Every cell of the page; with one provider there is nothing to differ."""
    columns = columns_of(tables)
    return [(status.id, provider) for status in tables.statuses for provider in columns]


def columns_of(tables: Tables) -> list[str]:
    """Every provider, and each of the shop's where it has several or the table speaks of one."""
    named = {provider for _status, provider in tables.acts.cells if provider != EVERY_PROVIDER}
    return [EVERY_PROVIDER, *(tables.providers if len(tables.providers) > 1 or named else ())]


class TrialForm(Form):
    """Which order, and which status; asked in the address."""

    order = StringField(_l("Order number"), [at_most(100)], [stripped])
    status = SelectField(_l("Status"))

    class Meta:
        """Nothing is changed by asking."""

        csrf = False

    def offer(self, statuses: list[OrderStatus]) -> None:
        """Fill the list with the shop's statuses."""
        self.status.choices = pairs((str(status.id), status.name) for status in statuses)
