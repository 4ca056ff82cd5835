"""Lets schemathesis in as the demo's operator, and keeps it from throwing itself out."""

import os

import requests
import schemathesis

OPERATOR = "demo-admin"


@schemathesis.auth(refresh_interval=300)
class Operator:
    def get(self, case, ctx):
        answer = requests.post(
            os.environ["OAUTH2D_TEST_ISSUER"] + "/token",
            auth=(OPERATOR, "demo-admin-secret"),
            data={"grant_type": "client_credentials"},
            timeout=30,
        )
        return answer.json()["access_token"]

    def set(self, case, data, ctx):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def filter_case(context, case):
    if case.operation.path == "/tokens/revoke-all":
        # Without a time it ends the operator's own token.
        return not isinstance(case.body, dict) or case.body.get("before") is not None
    if case.operation.path == "/profiles/{profile}":
        # A profile takes as long as its request says.
        return (case.query or {}).get("seconds") in (None, 0, 1, 61)
    return (case.path_parameters or {}).get("client_id") != OPERATOR
