"""Pages, a blueprint per noun. create_app() registers what stands in BLUEPRINTS, and nothing else."""

from flask import Blueprint

from webapp.views import (
    accounts,
    audit,
    auth,
    cancellations,
    frame,
    health,
    home,
    imports,
    jobs,
    mails,
    me,
    methods,
    operations,
    orders,
    people,
    refunds,
    settlements,
    shops,
    switches,
    webhooks,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    frame.bp,
    auth.bp,
    health.bp,
    home.bp,
    orders.bp,
    refunds.bp,
    cancellations.bp,
    operations.bp,
    settlements.bp,
    jobs.bp,
    methods.bp,
    me.bp,
    shops.bp,
    accounts.bp,
    people.bp,
    switches.bp,
    audit.bp,
    webhooks.bp,
    mails.bp,
    imports.bp,
)
