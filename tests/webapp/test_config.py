"""Settings: what is accepted, and that each refusal names its variable and never a secret."""

import base64
import os
import stat
from pathlib import Path

import pytest

from webapp.config import ConfigurationError, Settings, load_settings

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(40, 72))).decode()
SECRET = "q8mJ2vKpX0sLr5TnWz7aBdYfGhEuCi1o3RtN"


def production(**changes: str | None) -> dict[str, str]:
    """A complete production environment, with `changes` by name without prefix; None removes one."""
    values: dict[str, str | None] = {
        "ENV": "production",
        "DATA_DIR": "/srv/paydesk",
        "DATABASE_URL": "postgresql://paydesk:hush-db@db.internal/paydesk",
        "REDIS_URL": "redis://:hush-redis@queue.internal:6379/0",
        "SECRET_KEY": SECRET,
        "KEYRING": f"{KEY}, {OTHER_KEY}",
        "SMTP_URL": "smtps://desk:hush%40mail@mail.internal",
        "MAIL_FROM": "payments@shop.example",
        "PUBLIC_URL": "https://desk.shop.example/",
    }
    values |= changes
    return {f"PAYDESK_{name}": value for name, value in values.items() if value is not None}


def development(folder: Path, **changes: str) -> dict[str, str]:
    """A development environment that sets nothing but its folder and `changes`."""
    values = {"ENV": "development", "DATA_DIR": str(folder), **changes}
    return {f"PAYDESK_{name}": value for name, value in values.items()}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(environ)
    return str(refused.value)


def test_a_complete_production_environment_is_accepted() -> None:
    settings = load_settings(production())

    assert not settings.is_development
    assert settings.database_url == "postgresql+psycopg://paydesk:hush-db@db.internal/paydesk"
    assert settings.keyring == (KEY, OTHER_KEY)
    assert settings.public_url == "https://desk.shop.example"
    assert settings.emulator_url("komoju") is None


def test_development_needs_nothing_set_and_all_ports_follow_from_one(tmp_path: Path) -> None:
    settings = load_settings(development(tmp_path, PORT="8300"))

    assert settings.is_development
    assert settings.database_url == f"sqlite:///{tmp_path}/paydesk.sqlite3"
    assert settings.redis_url == "redis://127.0.0.1:8301/0"
    assert settings.emulator_url("digital_river") == "http://127.0.0.1:8302/digital_river"
    assert settings.smtp.port == 8303
    assert len(set(settings.local_ports.values())) == len(settings.local_ports)


def test_development_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = load_settings(development(tmp_path))
    second = load_settings(development(tmp_path))

    assert first.secret_key == second.secret_key
    assert first.keyring == second.keyring
    assert first.audit_key == second.audit_key
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"development-secrets.json": 0o600}


def test_every_variable_that_production_lacks_is_named_at_once() -> None:
    text = refusal({})

    for name in (
        "DATA_DIR",
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "KEYRING",
        "SMTP_URL",
        "MAIL_FROM",
        "PUBLIC_URL",
    ):
        assert f"PAYDESK_{name}: is not set" in text
    assert "for a trial here set it to development" in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://u:hush-value@h/db", "unknown scheme"),
        ("DATABASE_URL", "sqlite://", "must name a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a file"),
        ("DATABASE_URL", "postgresql://u:hush-value@h", "names no database"),
        ("REDIS_URL", "http://hush-value", "unknown scheme"),
        ("REDIS_URL", "redis://", "names no host"),
        ("SECRET_KEY", "hush-value", "too short (10 characters)"),
        ("AUDIT_KEY", "hush-value", "too short"),
        ("KEYRING", f"{KEY},hush-value", "key 2 of 2"),
        ("KEYRING", " , ", "holds no key"),
        ("SMTP_URL", "smtp://u:hush-value@h:port", "is not an address"),
        ("MAIL_FROM", "nobody", "is not one mail address"),
        ("MAIL_FROM", "a@b.example, c@d.example", "is not one mail address"),
        ("PUBLIC_URL", "https://desk.example/path", "only scheme and host"),
        ("PUBLIC_URL", "desk.example", "unknown scheme"),
        ("PORT", "80x", "valid integer"),
        ("PORT", "70000", "less than or equal to 65500"),
        ("ENV", "staging", "'development' or 'production'"),
        ("EMULATOR_SVEA_URL", "http://elsewhere.example/svea", "must be on this machine"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_never_shown(name: str, value: str, said: str) -> None:
    text = refusal(production(**{name: value}))

    assert f"PAYDESK_{name}: " in text
    assert said in text
    assert "hush-value" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "development-" + SECRET),
        ("SECRET_KEY", "a" * 40),
        ("AUDIT_KEY", "development-" + SECRET),
        ("KEYRING", base64.urlsafe_b64encode(b"devkey" + bytes(range(26))).decode()),
        ("KEYRING", base64.urlsafe_b64encode(bytes(32)).decode()),
        ("PUBLIC_URL", "http://desk.shop.example"),
        ("EMULATOR_KOMOJU_URL", "http://127.0.0.1:8002/komoju"),
        ("EMULATOR_DIGITAL_RIVER_URL", "http://localhost:8002/digital_river"),
    ],
)
def test_production_refuses_what_only_development_may_use(name: str, value: str) -> None:
    assert f"PAYDESK_{name}: " in refusal(production(**{name: value}))


def test_production_refuses_the_secrets_that_development_made(tmp_path: Path) -> None:
    made = load_settings(development(tmp_path))

    text = refusal(production(SECRET_KEY=made.secret_key, KEYRING=",".join((KEY, *made.keyring))))

    assert "PAYDESK_SECRET_KEY: " in text
    assert "PAYDESK_KEYRING: " in text
    assert made.secret_key not in text


def test_the_audit_key_stays_when_the_secret_key_changes_if_it_is_set() -> None:
    own = "Zk3" + SECRET
    settings = [
        load_settings(production(AUDIT_KEY=own)),
        load_settings(production(AUDIT_KEY=own, SECRET_KEY=SECRET[::-1])),
        load_settings(production()),
        load_settings(production(SECRET_KEY=SECRET[::-1])),
    ]

    assert settings[0].audit_key == settings[1].audit_key
    assert len({each.audit_key for each in settings}) == 3
    assert len(settings[0].audit_key) == 32


def test_mail_settings_are_read_in_their_parts() -> None:
    secure = load_settings(production()).smtp
    plain = load_settings(production(SMTP_URL="smtp://desk:pass@mail.internal")).smtp

    assert (secure.host, secure.port, secure.tls, secure.starttls) == ("mail.internal", 465, True, False)
    assert (secure.username, secure.password) == ("desk", "hush@mail")
    assert (plain.port, plain.tls, plain.starttls) == (587, False, True)


def test_no_secret_is_in_the_text_of_the_settings() -> None:
    settings = load_settings(production(AUDIT_KEY="Zk3" + SECRET))

    for secret in (SECRET, KEY, OTHER_KEY, "hush"):
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_a_relative_sqlite_file_is_found_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings(production(DATABASE_URL="sqlite:///desk.sqlite3"))

    assert settings.database_url == f"sqlite:///{tmp_path}/desk.sqlite3"
    assert settings.is_sqlite


def test_without_an_argument_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PAYDESK_")]:
        monkeypatch.delenv(name)
    for name, value in production(MAIL_FROM="other@shop.example").items():
        monkeypatch.setenv(name, value)

    assert load_settings().mail_from == "other@shop.example"


def test_settings_cannot_be_changed_after_the_start() -> None:
    settings: Settings = load_settings(production())

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_metrics_are_off_in_production_and_on_loopback_when_switched_on() -> None:
    assert load_settings(production()).metrics_port == 0
    settings = load_settings(production(METRICS_PORT="9105"))
    assert (settings.metrics_port, settings.metrics_host) == (9105, "127.0.0.1")
    assert "PAYDESK_METRICS_PORT" in refusal(production(METRICS_PORT="many"))


def test_the_folder_of_postgresqls_programs_must_be_there(tmp_path: Path) -> None:
    assert load_settings(production(PG_PROGRAMS=str(tmp_path))).pg_programs == tmp_path
    assert "PAYDESK_PG_PROGRAMS: is no folder" in refusal(production(PG_PROGRAMS=str(tmp_path / "none")))
