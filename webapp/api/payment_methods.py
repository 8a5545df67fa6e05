"""The payment methods that a shop's checkout may offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from flask import Response
from pydantic import ConfigDict, Field

from webapp.api import examples
from webapp.api.calls import Asked, Good, answered, call
from webapp.api.shapes import Input, Output, ShopCode
from webapp.domain.permissions import Permission
from webapp.models import PaymentMethod
from webapp.services.methods.listing import enabled_methods
from webapp.services.provider_accounts import names_of
from webapp.services.shops import get_by_code
from webapp.services.unit_of_work import reading


class MethodQuery(Input):
    """Whose checkout."""

    shop: Annotated[ShopCode, Field(description="Code of a shop of the key.")]


class MethodOutput(Output):
    """One method in one currency."""

    account: str
    provider: str
    method: Annotated[str, Field(description="The provider's word for it.")]
    currency: str
    names: Annotated[Mapping[str, str], Field(description="Language to the provider's name of it.")]
    subtypes: Annotated[list[str], Field(description="Card brands, chains of shops and the like.")]


class MethodList(Output):
    """In the merchant's order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payment_methods": [examples.METHOD]}]})

    payment_methods: list[MethodOutput]


@call(
    name="list_payment_methods",
    method="GET",
    path="/payment-methods",
    permission=Permission.VIEW,
    summary="Payment methods for the checkout",
    description="What the merchant has switched on and the provider offers, in the mode of the key.",
    query=MethodQuery,
    answers={200: Good(model=MethodList, description="The methods; empty when nothing is switched on.")},
    problems=("not_found",),
)
def list_payment_methods(asked: Asked) -> Response:
    """GET /payment-methods"""
    query: MethodQuery = asked.query
    with reading() as tx:
        shop_id = get_by_code(tx, query.shop, asked.client.shops)
        methods = enabled_methods(tx, shop_id, asked.client.mode)
        accounts = names_of(tx, {method.account_id for method in methods})
        return answered(MethodList(payment_methods=[_output(each, *accounts[each.account_id]) for each in methods]))


def _output(method: PaymentMethod, account: str, provider: str) -> MethodOutput:
    return MethodOutput(
        account=account,
        provider=provider,
        method=method.slug,
        currency=method.currency,
        names=method.names,
        subtypes=method.subtypes,
    )
