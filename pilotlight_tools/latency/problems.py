"""The problems that prevent reading traces, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import botocore.session
from botocore import exceptions

from pilotlight_tools.commands import command

EXIT_CODE_PROBLEM = 1
EXIT_CODE_NO_TRACES = 3

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
"""Codes by which AWS refuses what a policy does not allow."""
_THROTTLED = {"ThrottledException", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}


class Problem(Exception):  # noqa: N818 (not always an error)
    """Why there is no report: what is wrong, and what to do about it. `exit_code` is the command's."""

    def __init__(self, wrong: str, remedy: str, exit_code: int = EXIT_CODE_PROBLEM) -> None:
        super().__init__(f"{wrong} {remedy}")
        self.wrong = wrong
        self.remedy = remedy
        self.exit_code = exit_code


@contextmanager
def explained(endpoint_url: str | None) -> Iterator[None]:
    """Convert boto3's exceptions to Problem. `endpoint_url` is X-Ray's, None for AWS itself."""
    try:
        yield
    except exceptions.ProfileNotFound as error:
        raise _no_profile(error) from error
    except exceptions.ConfigParseError as error:
        raise Problem(f"{error}.", "Mend that file, or name another: export AWS_CONFIG_FILE=…") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.SSOError,
    ) as error:
        raise Problem(
            f"There are no AWS credentials to read X-Ray with ({error}).",
            "Run aws configure or aws sso login, or choose a profile: export AWS_PROFILE=…",
        ) from error
    except exceptions.NoRegionError as error:
        raise Problem("No AWS region is set.", "Set one: --region us-east-1, or export AWS_REGION=…") from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        if endpoint_url:
            remedy = f"If this is the local stack, check that `{command('start')}` is still running."
        else:
            remedy = "Check the network and the region's name."
        raise Problem(f"X-Ray does not respond at {endpoint_url or 'its AWS endpoint'} ({error}).", remedy) from error
    except exceptions.ClientError as error:
        raise _from_response(error) from error


def code_of(error: exceptions.ClientError) -> str:
    """The code of an error that AWS returned."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _no_profile(error: exceptions.ProfileNotFound) -> Problem:
    # The session's own profile does not exist, but its files can be read.
    known = ", ".join(sorted(botocore.session.Session().available_profiles))
    remedy = f"Choose one of {known}: export AWS_PROFILE=…, or unset it." if known else "Make one: aws configure."
    return Problem(f"There is no AWS profile {error.kwargs.get('profile')}, which AWS_PROFILE names.", remedy)


def _from_response(error: exceptions.ClientError) -> Problem:
    code = code_of(error)
    message = error.response.get("Error", {}).get("Message") or error.response.get("Message", "")
    if code in _EXPIRED:
        return Problem(
            f"AWS does not accept these credentials ({code}).", "Sign in again with `aws sso login`, or use new keys."
        )
    if code in DENIED:
        return Problem(
            f"These credentials may not call xray:{error.operation_name} ({message}).",
            "Attach the managed policy AWSXrayReadOnlyAccess to them, or use other credentials.",
        )
    if code in _THROTTLED:
        return Problem(
            f"X-Ray throttled {error.operation_name} repeatedly; the report would be incomplete.",
            "Read less, with a shorter --last or a smaller --most, or try again in a minute.",
        )
    return Problem(
        f"X-Ray refused {error.operation_name}: {message or code}.", "Please report it, with the command you ran."
    )
