"""The terms of an issuance decision (решение о выпуске), in the shape in which issuers write them.

Each model is one section of the document; unknown keys are refused. What one field must be is said here and in
``decision_types``; what fields must be together is in ``decision_rules``.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StrictBool, Tag

from backend.core.business_days import BusinessDayRule
from backend.core.daycount import add_months
from backend.issues.decision_types import (
    AccountNumber,
    Bic,
    Day,
    DayCountName,
    Days,
    Formula,
    Index,
    Inn,
    Moment,
    Money,
    MoscowTime,
    Rate,
    RegistrationNumber,
    Share,
    ShortText,
    Spread,
    Text,
    Units,
    UnitsOrNone,
)

TAG: Final = "="
"""Sign that starts the name of a variant, so that it can be told from a field in the path of an error."""


class Profile(StrEnum):
    """Which law's rules the decision must keep."""

    DEBT = "DEBT"
    """Долговые ЦФА: money claims only, fixed terms, burnt when the issuer acquires them (282-ФЗ ст. 2 п. 16)."""
    GENERAL = "GENERAL"
    """Other digital financial assets."""


class AccessClass(StrEnum):
    """Who may acquire the units."""

    FREE = "FREE"
    LIMIT = "LIMIT"
    TEST = "TEST"
    QUAL = "QUAL"


class Allocation(StrEnum):
    """How orders are filled when they exceed the issue."""

    FIFO = "FIFO"
    PRO_RATA = "PRO_RATA"
    ISSUER_CHOICE = "ISSUER_CHOICE"


class Rounding(StrEnum):
    """When an amount becomes whole kopeks."""

    PER_UNIT = "PER_UNIT"
    PER_HOLDER = "PER_HOLDER"


class Period(StrEnum):
    """How often income is paid."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    ANNUAL = "annual"
    AT_REDEMPTION = "at_redemption"

    @property
    def months(self) -> int:
        """Months between payments; 0 for one payment at redemption."""
        return {"monthly": 1, "quarterly": 3, "semiannual": 6, "annual": 12}.get(self.value, 0)


class Terms(BaseModel):
    """Base of all sections: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Issuer(Terms):
    """The issuer: organisation (ОГРН) or entrepreneur (ОГРНИП)."""

    name: ShortText
    inn: Inn
    ogrn: RegistrationNumber
    address: Text
    beneficial_owners: list[ShortText] | None = Field(default=None, max_length=50)


class UnitTerms(Terms):
    """Quantities, in whole units."""

    maximum: Units
    minimum_to_issue: UnitsOrNone
    order_min: Units
    order_max: Units


class PriceFormula(Terms):
    """A price that follows an index; the order holds the price known when it is given."""

    formula: Formula
    fixing: Literal["order_close"]
    order_holds: Literal["maximum_price"]


class PlacementTerms(Terms):
    """When orders are taken and how they are filled."""

    starts: Moment
    ends: Moment
    allocation: Allocation
    recall: Literal["until_end"] = "until_end"
    crediting: Literal["daily"] | None = None


class _Coupons(Terms):
    """What fixed and floating income share."""

    day_count: DayCountName
    rounding: Rounding
    period: Period
    first_payment: Day | None = None
    payments: Annotated[int, Field(strict=True, ge=1, le=600)] | None = None
    business_days: BusinessDayRule
    accrue_on_shift: StrictBool = False

    @property
    def payment_dates(self) -> list[date]:
        """Planned dates before any shift: ``first_payment`` and every n months after; empty when at redemption."""
        if self.first_payment is None or self.payments is None:
            return []
        return [add_months(self.first_payment, n * self.period.months) for n in range(self.payments)]


class FixedIncome(_Coupons):
    """Income at a rate that never changes, percents a year."""

    kind: Literal["fixed"]
    rate: Rate


class Fixing(Terms):
    """When and whence the index of a period is taken."""

    days_before_period: Days
    source: ShortText
    fallback: Literal["last_known"]


class FloatingIncome(_Coupons):
    """Income at an index plus a spread, kept between floor and cap, percents a year."""

    kind: Literal["floating"]
    index: Literal[Index.KEY_RATE, Index.RUONIA]
    spread: Spread
    fixing: Fixing
    floor: Rate | None = None
    cap: Rate | None = None


class IndexedIncome(Terms):
    """Income that is the change of an index between purchase and redemption."""

    kind: Literal["indexed"]
    index: Index
    source: ShortText
    lag_days: Days


class RecordBefore(Terms):
    """Holders at a time of the day before the payment are paid."""

    rule: Literal["T-1"]
    time: MoscowTime


class RecordAtWindow(Terms):
    """Holders when the redemption window opens are paid; disposal is forbidden from then on."""

    rule: Literal["AT_REDEMPTION_WINDOW"]
    window_opens: Moment


class RecordAtEvent(Terms):
    """Whoever presents the units is paid."""

    rule: Literal["AT_EVENT"]


class Lock(Terms):
    """When units can't be disposed of."""

    until: Moment | None = None
    before_payment_days: Days = 0
    from_window: StrictBool = False


class Amortisation(Terms):
    """Repayment of a share of the nominal before redemption."""

    date: Day
    percent: Share


class Redemption(Terms):
    """The end of the issue: the nominal (full, or what amortisation left) or a formula."""

    date: Day
    business_days: BusinessDayRule
    nominal: Literal["full", "remaining"] | None = None
    formula: Formula | None = None


class IssuerCall(Terms):
    """The issuer may redeem early from a day on, with notice."""

    notice_days: Days
    from_date: Day = Field(alias="from")


class InvestorPut(Terms):
    """Investors may present units within a window and are paid on a day."""

    window: tuple[Day, Day]
    pay: Day
    price_percent: Rate
    minimum_units: Units


class EarlyRedemption(Terms):
    """Rights to end the issue, or a part of it, before its date."""

    issuer_call: IssuerCall | None = None
    investor_put: InvestorPut | None = None


class BuyBack(Terms):
    """Daily quotes at which the issuer buys units back."""

    quotes: Literal["working_days"]
    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
    settlement: Annotated[str, Field(pattern=r"^T\+[0-5]$")]


class BankAccount(Terms):
    """The account that is debited for payouts."""

    bic: Bic
    account: AccountNumber


class Guarantor(Terms):
    """Who answers for the issuer."""

    name: ShortText
    inn: Inn


class Guarantee(Terms):
    """Поручительство."""

    kind: Literal["guarantee"]
    guarantor: Guarantor


class Pledge(Terms):
    """Залог."""

    kind: Literal["pledge"]
    object: Text


VARIANTS: Final[dict[str, dict[str, type[Terms]]]] = {
    "income": {"fixed": FixedIncome, "floating": FloatingIncome, "indexed": IndexedIncome},
    "record_date": {"T-1": RecordBefore, "AT_REDEMPTION_WINDOW": RecordAtWindow, "AT_EVENT": RecordAtEvent},
    "security": {"guarantee": Guarantee, "pledge": Pledge},
}
"""Sections with several forms, by the value of :data:`VARIANT_KEY`."""
VARIANT_KEY: Final = {"income": "kind", "record_date": "rule", "security": "kind"}


def variant_name(section: str, value: object) -> str | None:
    """Return which form of ``section`` a value has; None when its key names none."""
    key = VARIANT_KEY[section]
    name = value.get(key) if isinstance(value, dict) else getattr(value, key, None)
    return name if isinstance(name, str) and name in VARIANTS[section] else None


def _choice(section: str, **words: str) -> Discriminator:
    def choose(value: object) -> str | None:
        name = words.get(value) if isinstance(value, str) else variant_name(section, value)
        return None if name is None else TAG + name

    return Discriminator(choose, custom_error_type="variant", custom_error_message="unknown variant")


def _price_form(value: object) -> str:
    return "=formula" if isinstance(value, dict | PriceFormula) else "=money"


Price = Annotated[
    Annotated[Money, Tag("=money")] | Annotated[PriceFormula, Tag("=formula")], Discriminator(_price_form)
]
Income = Annotated[
    Annotated[FixedIncome, Tag("=fixed")]
    | Annotated[FloatingIncome, Tag("=floating")]
    | Annotated[IndexedIncome, Tag("=indexed")],
    _choice("income"),
]
RecordDate = Annotated[
    Annotated[RecordBefore, Tag("=T-1")]
    | Annotated[RecordAtWindow, Tag("=AT_REDEMPTION_WINDOW")]
    | Annotated[RecordAtEvent, Tag("=AT_EVENT")],
    _choice("record_date"),
]
Security = Annotated[
    Annotated[Literal["none"], Tag("=none")]
    | Annotated[Guarantee, Tag("=guarantee")]
    | Annotated[Pledge, Tag("=pledge")],
    _choice("security", none="none"),
]


class Decision(Terms):
    """A whole issuance decision. Sums are rubles with two decimals, moments are Moscow time."""

    title: ShortText
    profile: Profile
    issuer: Issuer
    rights: Text
    nominal: Money | None = None
    price: Price
    units: UnitTerms
    access_class: AccessClass
    placement: PlacementTerms
    crediting: Day | None = None
    income: Income
    record_date: RecordDate
    lock: Lock = Lock()
    amortisation: list[Amortisation] = Field(default=[], max_length=100)
    redemption: Redemption
    early_redemption: EarlyRedemption | None = None
    buy_back: BuyBack | None = None
    burn_on_issuer_acquire: StrictBool | None = None
    tax_agent: Literal["ISSUER", "OPERATOR"]
    payout_account: BankAccount | None = None
    security: Security
    liability_limits: Text | None = None
    other_terms: Text | None = None
    documents: list[ShortText] = Field(min_length=1, max_length=20)

    @property
    def nominal_kopeks(self) -> int | None:
        """Nominal of a unit in kopeks; None when the decision gives none."""
        return None if self.nominal is None else int(self.nominal * 100)

    @property
    def price_kopeks(self) -> int | None:
        """Price of a unit in kopeks; None when it follows a formula."""
        return int(self.price * 100) if isinstance(self.price, Decimal) else None

    @property
    def burns_on_issuer_acquire(self) -> bool:
        """Whether units that reach the issuer are extinguished; always so for debt (282-ФЗ ст. 2 п. 16)."""
        return self.profile is Profile.DEBT or bool(self.burn_on_issuer_acquire)

    @property
    def placement_window(self) -> tuple[datetime, datetime]:
        """When orders are taken, both ends included, Moscow time."""
        return self.placement.starts, self.placement.ends
