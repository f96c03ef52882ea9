"""Mirror of AccessManager and FourEyes: who holds which role, which dangerous actions were proposed, approved, cancelled."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, text_field, time_field, word_field


class ChainRoleMember(SQLModel, table=True):
    """Membership of an account in a role (the role's number as in contracts/libraries/Roles.sol; ``role_name`` for people)."""

    __tablename__ = "chain_role_members"

    role: str = word_field(20, key=True)
    account: str = address_field(key=True)
    role_name: str = word_field(24)
    active: bool
    since_block: int = big_field()
    since_at: datetime = time_field()


class ChainRoleEvent(SQLModel, table=True):
    """History of grants and revocations."""

    __tablename__ = "chain_role_history"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    role: str = word_field(20)
    role_name: str = word_field(24)
    account: str = address_field(index=True)
    granted: bool
    tx_hash: str = hash_field()
    sender: str = address_field()
    at: datetime = time_field()


class ChainProposal(SQLModel, table=True):
    """A dangerous action under four eyes. ``state`` PROPOSED, EXECUTED or CANCELLED; ``officer`` is who approved or cancelled."""

    __tablename__ = "chain_proposals"

    id: int = big_field(key=True)
    proposer: str = address_field(index=True)
    officer: str | None = address_field()
    target: str = address_field(index=True)
    target_name: str | None = word_field(40)
    role: str = word_field(20)
    role_name: str = word_field(24)
    selector: str = word_field(10)
    function: str | None = word_field(60)
    data: str = text_field()
    reason: str = hash_field()
    document_hash: str = hash_field()
    expires_at: int = big_field()
    expires_at_at: datetime | None = time_field()
    state: str = word_field(20, index=True)
    result: str | None = text_field()
    proposed_block: int = big_field()
    proposed_tx: str = hash_field(index=True)
    proposed_at: datetime = time_field()
    closed_block: int | None = big_field()
    closed_tx: str | None = hash_field(index=True)
    closed_at: datetime | None = time_field()


class ChainFourEyesRule(SQLModel, table=True):
    """Which role may propose a function. Target 0x0…0: every asset that the registry deployed."""

    __tablename__ = "chain_four_eyes_rules"

    target: str = address_field(key=True)
    selector: str = word_field(10, key=True)
    role: str = word_field(20)
    role_name: str = word_field(24)
    function: str | None = word_field(60)
    block_number: int = big_field()
    at: datetime = time_field()
