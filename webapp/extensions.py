"""Flask extensions, made unbound here and bound in create_app()."""

from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.models import Base

db = SQLAlchemy(model_class=Base, disable_autonaming=True)
csrf = CSRFProtect()
babel = Babel()
