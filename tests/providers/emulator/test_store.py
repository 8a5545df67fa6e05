"""The file of records."""

from providers.emulator.store import Store


def test_records_keep_their_order_and_last_state(tmp_path):
    path = str(tmp_path / "deep" / "file.sqlite3")
    store = Store(path, {"note": dict[str, int]})
    store.save("note", "b", {"n": 1})
    store.save("note", "a", {"n": 2})
    store.save("note", "b", {"n": 3})
    store.close()
    again = Store(path, {"note": dict[str, int]})
    assert again.load("note") == [("b", {"n": 3}), ("a", {"n": 2})]
    again.drop("note", "b")
    again.drop("note", "never there")
    assert again.load("note") == [("a", {"n": 2})]
    again.clear()
    assert again.load("note") == []
    again.close()
