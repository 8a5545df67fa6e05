"""What a WSGI server runs."""

from webapp import create_app

application = create_app()
