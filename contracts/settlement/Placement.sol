// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IPlacement} from "../interfaces/IPlacement.sol";
import {IRubles} from "../interfaces/IRubles.sol";
import {AccessClass} from "../libraries/AccessClass.sol";
import {Roles} from "../libraries/Roles.sol";
import {PlacementBook} from "./PlacementBook.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds
// slither-disable-start reentrancy-events -- only the platform's own contracts are called, and none of them calls back
// slither-disable-start calls-loop -- the caller chooses how long a batch is, and a refusal concerns that batch alone

/// @title Placement
/// @notice Life of a sale: OPEN (or SUSPENDED) until the cut-off -> SETTLING or REFUNDING -> COMPLETED or FAILED.
/// Invariant: the venue's escrow of a sale is `demand * priceKopeks`, and a sale is over exactly when no order is open.
contract Placement is PlacementBook {
    using SafeCast for uint256;

    /// What a batch carries from order to order; written back once.
    struct Batch {
        bytes32 issueId;
        IDigitalAsset asset;
        address issuer;
        uint8 accessClass;
        bool refunding;
        IIssueRegistry.Allocation allocation;
        uint64 priceKopeks;
        uint64 maximumUnits;
        uint64 demand;
        uint64 issued;
        uint64 closedDemand;
        uint64 passed;
    }

    /// An issuer who has not allocated by then has lost the sale: anyone's `settle` refunds it, so money can't stay in escrow.
    uint40 public constant ALLOCATION_GRACE = 3 days;

    constructor(IAccessManager manager, IParticipants participants, IRubles rubles, IIssueRegistry registry)
        PlacementBook(manager, participants, rubles, registry)
    {}

    // ------------------------------------------------------------------------------------------------- the book

    /// @inheritdoc IPlacement
    function open(
        bytes32 issueId,
        address asset,
        address issuer,
        uint64 maximumUnits,
        IIssueRegistry.PlacementTerms calldata terms
    ) external {
        require(msg.sender == address(_registry), PlacementOnlyRegistry(msg.sender));
        Book storage book = _books[issueId];
        require(book.gate.state == State.NONE, PlacementWrongState(issueId, book.gate.state));
        IIssueRegistry.Terms memory right = IDigitalAsset(asset).terms();

        book.gate = Gate(issuer, State.OPEN, terms.startsAt, terms.endsAt, right.accessClass);
        book.deal = Deal({
            priceKopeks: terms.priceKopeks,
            orderMin: uint256(terms.orderMin).toUint40(),
            orderMax: uint40(Math.min(terms.orderMax, type(uint40).max)),
            minimumUnits: terms.minimumUnits,
            allocation: terms.allocation,
            creditingAt: terms.creditingAt
        });
        book.tally.maximumUnits = maximumUnits;
        book.tally.nextOrder = 1;
        book.asset = asset;
        book.maturity = right.maturity;
        emit PlacementOpened(issueId, asset, issuer, terms, maximumUnits);
    }

    /// @inheritdoc IPlacement
    function suspend(bytes32 issueId, bool suspended) external only(Roles.MODERATOR) {
        Book storage book = _known(issueId);
        State from = suspended ? State.OPEN : State.SUSPENDED;
        require(book.gate.state == from, PlacementWrongState(issueId, book.gate.state));
        book.gate.state = suspended ? State.SUSPENDED : State.OPEN;
        emit PlacementSuspended(issueId, suspended);
    }

    /// @inheritdoc IPlacement
    function close(bytes32 issueId) external {
        Book storage book = _known(issueId);
        _requireIntake(issueId, book);
        require(block.timestamp > book.gate.endsAt, PlacementNotEnded(issueId, book.gate.endsAt));

        uint64 demand = book.tally.demand;
        bool succeeded = demand != 0 && demand >= book.deal.minimumUnits;
        book.gate.state = succeeded ? State.SETTLING : State.REFUNDING;
        book.closedDemand = demand;
        uint64 toIssue = succeeded ? uint64(Math.min(demand, book.tally.maximumUnits)) : 0;
        emit PlacementClosed(issueId, succeeded, demand, toIssue);
        if (demand == 0) _complete(issueId, book);
    }

    // ------------------------------------------------------------------------------------------------- orders

    /// @inheritdoc IPlacement
    function order(bytes32 issueId, uint64 units, bytes32 clientRef) external returns (uint32 orderId) {
        Book storage book = _books[issueId];
        Gate memory gate = book.gate;
        Deal memory deal = book.deal;
        _requireTaking(issueId, gate);
        if (units == 0 || units < deal.orderMin || units > deal.orderMax) {
            revert OrderSize(units, deal.orderMin, deal.orderMax);
        }
        if (msg.sender == gate.issuer) revert OrderByIssuer(msg.sender);
        _participants.requireAdmitted(msg.sender, gate.accessClass);

        uint64 kopeks = _cost(units, deal.priceKopeks);
        orderId = _count(issueId, book.tally, deal.allocation, units);
        _write(_orders[issueId][orderId], msg.sender, units);

        if (gate.accessClass == AccessClass.LIMIT) _participants.reserveLimit(msg.sender, kopeks);
        _rubles.hold(msg.sender, kopeks);
        emit OrderPlaced(issueId, orderId, msg.sender, units, kopeks, clientRef);
    }

    /// @inheritdoc IPlacement
    function recall(bytes32 issueId, uint32 orderId) external {
        Book storage book = _known(issueId);
        _requireIntake(issueId, book);
        require(block.timestamp <= book.gate.endsAt, PlacementEnded(issueId, book.gate.endsAt));
        Entry storage entry = _openOrder(issueId, orderId);
        require(msg.sender == entry.investor, OrderNotYours(issueId, orderId, entry.investor));

        uint64 kopeks = _drop(book, entry, OrderState.RECALLED);
        emit OrderRecalled(issueId, orderId, msg.sender, kopeks);
    }

    /// @inheritdoc IPlacement
    function cancelOrder(bytes32 issueId, uint32 orderId, bytes32 reason) external only(Roles.COMPLIANCE) {
        Book storage book = _known(issueId);
        Entry storage entry = _openOrder(issueId, orderId);
        bool closed = book.gate.state == State.SETTLING || book.gate.state == State.REFUNDING;
        if (closed) {
            book.chosen -= entry.allocated;
            entry.keepsPlace = true;
        }

        uint64 kopeks = _drop(book, entry, OrderState.CANCELLED);
        emit OrderCancelled(issueId, orderId, entry.investor, kopeks, reason);
        if (closed && book.tally.demand == 0) _complete(issueId, book);
    }

    // ------------------------------------------------------------------------------------------------- settlement

    /// @inheritdoc IPlacement
    function allocate(bytes32 issueId, uint32[] calldata orderIds, uint64[] calldata units) external {
        Book storage book = _known(issueId);
        require(msg.sender == book.gate.issuer, PlacementNotIssuer(issueId, msg.sender));
        bool choosing = book.gate.state == State.SETTLING && book.deal.allocation == IIssueRegistry.Allocation.ISSUER_CHOICE
            && book.tally.nextOrder == 1;
        require(choosing, PlacementWrongState(issueId, book.gate.state));
        require(orderIds.length == units.length, AllocationMissing(issueId));

        uint64 chosen = book.chosen;
        for (uint256 i; i < orderIds.length; ++i) {
            Entry storage entry = _openOrder(issueId, orderIds[i]);
            require(units[i] <= entry.units, AllocationTooLarge(issueId, units[i], entry.units));
            chosen = chosen - entry.allocated + units[i];
            entry.allocated = uint40(units[i]);
            emit OrderAllocated(issueId, orderIds[i], units[i]);
        }
        require(chosen <= book.tally.maximumUnits, AllocationTooLarge(issueId, chosen, book.tally.maximumUnits));
        book.chosen = chosen;
    }

    /// @inheritdoc IPlacement
    function settle(bytes32 issueId, uint32 count) external {
        Book storage book = _known(issueId);
        Batch memory batch = _batch(issueId, book);
        uint256 first = book.tally.nextOrder;
        uint256 end = Math.min(first + count, uint256(book.tally.orderCount) + 1);
        for (uint256 orderId = first; orderId < end; ++orderId) {
            _settleOne(batch, uint32(orderId));
        }

        book.tally.nextOrder = uint32(end);
        book.tally.demand = batch.demand;
        book.tally.issued = batch.issued;
        book.passed = batch.passed;
        if (batch.demand == 0) _complete(issueId, book);
    }

    /// The batch's view of the book; decides whether orders are settled or refunded, and whether it is time.
    function _batch(bytes32 issueId, Book storage book) private returns (Batch memory batch) {
        State state = book.gate.state;
        require(state == State.SETTLING || state == State.REFUNDING, PlacementWrongState(issueId, state));
        if (state == State.SETTLING) {
            require(block.timestamp >= book.deal.creditingAt, PlacementNotCrediting(issueId, book.deal.creditingAt));
            if (_unsettleable(issueId, book)) {
                book.gate.state = state = State.REFUNDING;
                emit PlacementClosed(issueId, false, book.tally.demand, 0);
            }
        }
        batch.issueId = issueId;
        batch.asset = IDigitalAsset(book.asset);
        batch.issuer = book.gate.issuer;
        batch.accessClass = book.gate.accessClass;
        batch.refunding = state == State.REFUNDING;
        batch.allocation = book.deal.allocation;
        batch.priceKopeks = book.deal.priceKopeks;
        batch.maximumUnits = book.tally.maximumUnits;
        batch.demand = book.tally.demand;
        batch.issued = book.tally.issued;
        batch.closedDemand = book.closedDemand;
        batch.passed = book.passed;
    }

    /// A token can't be issued from its maturity on or after its last record date, and an issuer's choice may never come: what is left
    /// is refunded then.
    function _unsettleable(bytes32 issueId, Book storage book) private view returns (bool) {
        if (block.timestamp >= book.maturity) return true;
        if (block.timestamp > IDigitalAsset(book.asset).circulationEndsAt()) return true;
        if (book.deal.allocation != IIssueRegistry.Allocation.ISSUER_CHOICE || book.tally.nextOrder != 1) return false;
        bool ready = book.chosen != 0 && book.chosen >= book.deal.minimumUnits;
        if (block.timestamp > book.deal.creditingAt + ALLOCATION_GRACE) return !ready;
        // Settlement ends the choice, so until then a stranger may not begin it.
        bool may = msg.sender == book.gate.issuer || _hasRole(msg.sender, Roles.OPERATOR);
        require(ready && may, AllocationMissing(issueId));
        return false;
    }

    function _settleOne(Batch memory batch, uint32 orderId) private {
        Entry storage stored = _orders[batch.issueId][orderId];
        Entry memory entry = stored;
        if (entry.state != OrderState.OPEN) {
            if (entry.keepsPlace) batch.passed += entry.units;
            return;
        }
        uint64 units = _allocation(batch, entry);
        if (units != 0 && _participants.restriction(entry.investor, batch.accessClass) != 0) units = 0;

        batch.demand -= entry.units;
        batch.issued += units;
        stored.allocated = uint40(units);
        stored.state = units == 0 ? OrderState.REFUNDED : OrderState.SETTLED;

        uint64 refunded = _cost(entry.units - units, batch.priceKopeks);
        if (units != 0) _deliver(batch, orderId, entry.investor, units, refunded);
        if (refunded != 0) _refund(batch.accessClass, entry.investor, refunded);
        if (units == 0) emit OrderRefunded(batch.issueId, orderId, entry.investor, refunded);
    }

    /// Units an open order gets. Pro rata takes differences of floored running totals, so the parts add up to the whole.
    function _allocation(Batch memory batch, Entry memory entry) private pure returns (uint64) {
        uint256 before = batch.passed;
        batch.passed += entry.units;
        if (batch.refunding) return 0;
        if (batch.allocation == IIssueRegistry.Allocation.ISSUER_CHOICE) return entry.allocated;
        if (batch.allocation == IIssueRegistry.Allocation.FIFO) {
            return uint64(Math.min(entry.units, batch.maximumUnits - batch.issued));
        }
        if (batch.closedDemand <= batch.maximumUnits) return entry.units;
        uint256 upTo = uint256(batch.passed) * batch.maximumUnits / batch.closedDemand;
        return uint64(upTo - before * batch.maximumUnits / batch.closedDemand);
    }

    /// Delivery versus payment of one order: money and units in the same breath.
    function _deliver(Batch memory batch, uint32 orderId, address investor, uint64 units, uint64 refunded) private {
        uint64 kopeks = _cost(units, batch.priceKopeks);
        if (batch.accessClass == AccessClass.LIMIT) _participants.commitLimit(investor, kopeks, true);
        _rubles.pay(investor, batch.issuer, kopeks, true);
        batch.asset.issueUnits(investor, units);
        emit OrderSettled(batch.issueId, orderId, investor, units, kopeks, refunded);
    }

    function _complete(bytes32 issueId, Book storage book) private {
        uint64 issued = book.tally.issued;
        bool succeeded = issued != 0;
        book.gate.state = succeeded ? State.COMPLETED : State.FAILED;
        _registry.advance(issueId, succeeded ? IIssueRegistry.IssueState.CIRCULATION : IIssueRegistry.IssueState.FAILED);
        emit PlacementCompleted(issueId, succeeded, issued);
    }

    // ------------------------------------------------------------------------------------------------- helpers

    function _drop(Book storage book, Entry storage entry, OrderState to) private returns (uint64 kopeks) {
        kopeks = _cost(entry.units, book.deal.priceKopeks);
        book.tally.demand -= entry.units;
        entry.state = to;
        _refund(book.gate.accessClass, entry.investor, kopeks);
    }

    /// Into frozen rubles when the investor is blocked: Rubles sees to it.
    function _refund(uint8 accessClass, address investor, uint64 kopeks) private {
        if (accessClass == AccessClass.LIMIT) _participants.releaseLimit(investor, kopeks);
        _rubles.release(investor, kopeks);
    }
}

// slither-disable-end timestamp,reentrancy-events,calls-loop
