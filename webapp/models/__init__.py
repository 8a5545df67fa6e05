"""Tables, a file per aggregate. Importing this package registers all of them."""

from webapp.models.alert import Alert
from webapp.models.api import ApiAnswer, ApiKey, ApiKeyShop
from webapp.models.audit import AuditEntry, AuditHead
from webapp.models.base import Base
from webapp.models.case import Case
from webapp.models.draft import Draft
from webapp.models.job import JobRow, JobRun, RowResult, Schedule
from webapp.models.mail import FailureNotice, Mail, MailKind
from webapp.models.method import PaymentMethod
from webapp.models.operation import Attempt, Operation, Via
from webapp.models.order import Order, OrderNote, StatusChange
from webapp.models.order_import import (
    ImportChunk,
    ImportFault,
    ImportRow,
    ImportState,
    OrderImport,
    PaymentRead,
    RowKind,
)
from webapp.models.payment import LedgerMovement, Payment
from webapp.models.settlement import SettleAs, Settlement
from webapp.models.shop import Mode, OrderStatus, ProviderAccount, RefundReason, Shop, StatusKind
from webapp.models.status_action import FiredAction, StatusAction, StatusFollow
from webapp.models.system import Installation, KillSwitch, WakeUp
from webapp.models.user import Grant, RateEvent, User, UserSession
from webapp.models.webhook import WebhookMessage, WebhookState

__all__ = [
    "Alert",
    "ApiAnswer",
    "ApiKey",
    "ApiKeyShop",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "Base",
    "Case",
    "Draft",
    "FailureNotice",
    "FiredAction",
    "Grant",
    "ImportChunk",
    "ImportFault",
    "ImportRow",
    "ImportState",
    "Installation",
    "JobRow",
    "JobRun",
    "KillSwitch",
    "LedgerMovement",
    "Mail",
    "MailKind",
    "Mode",
    "Operation",
    "Order",
    "OrderImport",
    "OrderNote",
    "OrderStatus",
    "Payment",
    "PaymentMethod",
    "PaymentRead",
    "ProviderAccount",
    "RateEvent",
    "RefundReason",
    "RowKind",
    "RowResult",
    "Schedule",
    "SettleAs",
    "Settlement",
    "Shop",
    "StatusAction",
    "StatusChange",
    "StatusFollow",
    "StatusKind",
    "User",
    "UserSession",
    "Via",
    "WakeUp",
    "WebhookMessage",
    "WebhookState",
]
