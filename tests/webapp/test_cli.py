"""The operators' commands."""

from __future__ import annotations

from flask import Flask

from tests.pages import PASSWORD, Desk


def test_the_first_shop_and_the_first_person_come_from_the_command_line(quick_app: Flask) -> None:
    runner = quick_app.test_cli_runner()
    done = runner.invoke(args=["shops", "add", "tea", "--name", "Tea", "--currency", "jpy"])
    assert done.exit_code == 0, done.output
    add = ["users", "add", "Olga@Example.test", "--name", "Olga", "--role", "owner", "--shop", "tea"]
    done = runner.invoke(args=[*add, "--password-stdin"], input=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert Desk(quick_app).sign_in("olga@example.test").heading == "What waits for you"
    again = runner.invoke(args=add)
    assert again.exit_code == 1
    assert "is here already" in again.output


def test_without_a_password_a_one_time_code_is_printed_and_works(quick_app: Flask) -> None:
    runner = quick_app.test_cli_runner()
    runner.invoke(args=["shops", "add", "tea", "--name", "Tea", "--currency", "JPY"])
    done = runner.invoke(args=["users", "add", "bo@example.test", "--name", "Bo", "--role", "viewer", "--shop", "tea"])
    code = done.output.strip().rpartition(" ")[2]
    assert Desk(quick_app).sign_in("bo@example.test", code).heading == "Choose a password"


def test_bad_passwords_and_unknown_shops_are_refused(quick_app: Flask) -> None:
    runner = quick_app.test_cli_runner()
    add = ["users", "add", "bo@example.test", "--name", "Bo", "--role", "viewer", "--shop", "tea"]
    assert "no shop 'tea'" in runner.invoke(args=add).output
    runner.invoke(args=["shops", "add", "tea", "--name", "Tea", "--currency", "JPY"])
    assert "15 characters" in runner.invoke(args=[*add, "--password-stdin"], input="short\n").output


def test_keys_rotate_says_what_it_did(quick_app: Flask) -> None:
    done = quick_app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert done.exit_code == 0
    assert "provider_accounts: 0 looked at, 0 encrypted anew" in done.output
