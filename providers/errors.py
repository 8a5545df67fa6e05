"""What an adapter raises; between the first two lies the difference between safe and doubtful."""

from providers.kinds import NotOffered


class ProviderError(Exception):
    """Root of everything an adapter raises."""


class ProviderUnavailable(ProviderError):
    """Proof that nothing was sent: name not found, connect refused, TLS failed before the request."""


class OutcomeUnknown(ProviderError):
    """The call may have been carried out: time-out, reset, cut body, an answer that cannot be read."""


class CredentialsRefused(ProviderError):
    """A read was refused because of the account's credentials."""


class PaymentNotFound(ProviderError):
    """The provider knows no such payment under this account."""


class RequestRefused(ProviderError):
    """A request that moves no money (a hosted page) was refused; `code` and text are the provider's."""

    def __init__(self, code: str | None, message: str | None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class RequestNotPossible(ProviderError):
    """The adapter cannot express this wish; nothing was sent. `why` says the reason."""

    def __init__(self, why: NotOffered) -> None:
        super().__init__(why.value)
        self.why = why


class SignatureWrong(ProviderError):
    """The webhook's signature does not fit its bytes."""
