"""A published client of Braze's API, with nothing changed but the base URL and the key."""

import os

from braze.client import BrazeClient, BrazeClientError

base, key = os.environ["BASE"], os.environ["KEY"]
client = BrazeClient(key, api_url=base)


def refused(call, words):
    """The call raises the client's error with these words in it."""
    try:
        call()
    except BrazeClientError as error:
        assert words in str(error), error
    else:
        raise AssertionError("not refused: " + words)


# It sends all three arrays, empty ones too.
done = client.user_track(
    attributes=[{"external_id": "python-1", "email": "python@example.com", "first_name": "Ann"}],
    events=[{"external_id": "python-1", "name": "visit", "time": "2026-01-02T03:04:05+09:00"}],
)
assert done["success"] and done["status_code"] == 201, done
assert (done["attributes_processed"], done["events_processed"]) == (1, 1), done

half = client.user_track(attributes=[{"external_id": "python-1", "last_name": "Lee"}, {"last_name": "Lee"}])
assert not half["success"] and half["attributes_processed"] == 1 and len(half["errors"]) == 1, half

found = client.user_export(email="python@example.com", fields_to_export=["external_id", "first_name", "last_name"])
assert found["users"] == [{"external_id": "python-1", "first_name": "Ann", "last_name": "Lee"}], found

refused(lambda: client.user_track(attributes=[{"last_name": "Lee"}]), "Valid data must be provided")
refused(lambda: client.user_delete("python-1"), "external_ids")
refused(lambda: BrazeClient("another", api_url=base).user_delete(["python-1"]), "Invalid API key")

# Within its limit of two seconds, also when this is the first erasure of a workspace.
gone = client.user_delete(["python-1"])
assert gone["success"] and gone["deleted"] == 1, gone
assert client.user_export(external_ids=["python-1"])["invalid_user_ids"] == ["python-1"]
