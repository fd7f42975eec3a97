"""Requests on loopback count as TLS.

The emulator evaluates policies, and speaks plain HTTP here: a bucket policy that refuses everything but TLS, such as
CDK's own on its staging bucket, would refuse everything.
"""

from ministack import app


def install() -> None:
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)
