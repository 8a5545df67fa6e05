"""Pages, a blueprint per noun. create_app() registers what stands in BLUEPRINTS, and nothing else."""

from flask import Blueprint

from webapp.views import auth, frame, health, home

BLUEPRINTS: tuple[Blueprint, ...] = (frame.bp, auth.bp, home.bp, health.bp)
