"""Treats requests on loopback as TLS.

The emulator evaluates policies but uses plain HTTP, so a bucket policy that requires TLS, such as that of the CDK's staging
bucket, would deny all requests.
"""

from ministack import app


def install() -> None:
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)
