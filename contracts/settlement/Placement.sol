// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Governed} from "../access/Governed.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IPlacement} from "../interfaces/IPlacement.sol";
import {IRubles} from "../interfaces/IRubles.sol";
import {AccessClass} from "../libraries/AccessClass.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title Placement
/// @notice Life of a sale: OPEN (or SUSPENDED) until the cut-off -> SETTLING or REFUNDING -> COMPLETED or FAILED.
/// Invariant: the venue's escrow of a sale is `demand * priceKopeks`, and a sale is over exactly when no order is open.
contract Placement is IPlacement, Governed {
    using SafeCast for uint256;

    /// One sale. Slots are grouped by who reads them: an order touches the first four and writes the third alone.
    struct Book {
        address asset;
        State state;
        uint40 startsAt;
        uint40 endsAt;
        uint8 accessClass;
        uint64 priceKopeks;
        uint64 orderMin;
        uint64 orderMax;
        uint64 minimumUnits;
        uint64 maximumUnits;
        uint64 demand;
        uint64 issued;
        uint32 orderCount;
        uint32 nextOrder;
        address issuer;
        uint40 creditingAt;
        uint40 maturity;
        IIssueRegistry.Allocation allocation;
        uint64 closedDemand; // demand at the closing of the book: the divisor of a pro rata allocation
        uint64 passed; // units of the closed book walked so far (pro rata)
        uint64 chosen; // units the issuer has allocated (issuer's choice)
    }

    /// One slot. 40 bits bound an order to a trillion units, which `order` enforces.
    struct Entry {
        address investor;
        uint40 units;
        uint40 allocated;
        OrderState state;
        bool keepsPlace; // cancelled after the closing: still counts in the pro rata sequence, so nobody else's share moves
    }

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

    IParticipants private immutable _participants;
    IRubles private immutable _rubles;
    IIssueRegistry private immutable _registry;

    mapping(bytes32 issueId => Book) private _books;
    mapping(bytes32 issueId => mapping(uint32 orderId => Entry)) private _orders;

    constructor(IAccessManager manager, IParticipants participants, IRubles rubles, IIssueRegistry registry)
        Governed(manager)
    {
        _participants = participants;
        _rubles = rubles;
        _registry = registry;
    }

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
        require(book.state == State.NONE, PlacementWrongState(issueId, book.state));
        IIssueRegistry.Terms memory right = IDigitalAsset(asset).terms();

        book.asset = asset;
        book.state = State.OPEN;
        book.startsAt = terms.startsAt;
        book.endsAt = terms.endsAt;
        book.accessClass = right.accessClass;
        book.priceKopeks = terms.priceKopeks;
        book.orderMin = terms.orderMin;
        book.orderMax = terms.orderMax;
        book.minimumUnits = terms.minimumUnits;
        book.maximumUnits = maximumUnits;
        book.nextOrder = 1;
        book.issuer = issuer;
        book.creditingAt = terms.creditingAt;
        book.maturity = right.maturity;
        book.allocation = terms.allocation;
        emit PlacementOpened(issueId, asset, issuer, terms, maximumUnits);
    }

    /// @inheritdoc IPlacement
    function suspend(bytes32 issueId, bool suspended) external only(Roles.MODERATOR) {
        Book storage book = _known(issueId);
        State from = suspended ? State.OPEN : State.SUSPENDED;
        require(book.state == from, PlacementWrongState(issueId, book.state));
        book.state = suspended ? State.SUSPENDED : State.OPEN;
        emit PlacementSuspended(issueId, suspended);
    }

    /// @inheritdoc IPlacement
    function close(bytes32 issueId) external {
        Book storage book = _known(issueId);
        _requireIntake(issueId, book);
        require(block.timestamp > book.endsAt, PlacementNotEnded(issueId, book.endsAt));

        uint64 demand = book.demand;
        bool succeeded = demand != 0 && demand >= book.minimumUnits;
        book.state = succeeded ? State.SETTLING : State.REFUNDING;
        book.closedDemand = demand;
        uint64 toIssue = succeeded ? uint64(Math.min(demand, book.maximumUnits)) : 0;
        emit PlacementClosed(issueId, succeeded, demand, toIssue);
        if (demand == 0) _complete(issueId, book);
    }

    // ------------------------------------------------------------------------------------------------- orders

    /// @inheritdoc IPlacement
    function order(bytes32 issueId, uint64 units, bytes32 clientRef) external returns (uint32 orderId) {
        Book storage book = _known(issueId);
        _requireTaking(issueId, book, units);
        _participants.requireAdmitted(msg.sender, book.accessClass);

        uint64 kopeks = _cost(units, book.priceKopeks);
        orderId = ++book.orderCount;
        book.demand += units;
        _orders[issueId][orderId] = Entry(msg.sender, uint40(units), 0, OrderState.OPEN, false);

        if (book.accessClass == AccessClass.LIMIT) _participants.reserveLimit(msg.sender, kopeks);
        _rubles.hold(msg.sender, kopeks);
        emit OrderPlaced(issueId, orderId, msg.sender, units, kopeks, clientRef);
    }

    /// @inheritdoc IPlacement
    function recall(bytes32 issueId, uint32 orderId) external {
        Book storage book = _known(issueId);
        _requireIntake(issueId, book);
        require(block.timestamp <= book.endsAt, PlacementEnded(issueId, book.endsAt));
        Entry storage entry = _openOrder(issueId, orderId);
        require(msg.sender == entry.investor, OrderNotYours(issueId, orderId, entry.investor));

        uint64 kopeks = _drop(book, entry, OrderState.RECALLED);
        emit OrderRecalled(issueId, orderId, msg.sender, kopeks);
    }

    /// @inheritdoc IPlacement
    function cancelOrder(bytes32 issueId, uint32 orderId, bytes32 reason) external only(Roles.COMPLIANCE) {
        Book storage book = _known(issueId);
        Entry storage entry = _openOrder(issueId, orderId);
        bool closed = book.state == State.SETTLING || book.state == State.REFUNDING;
        if (closed) {
            book.chosen -= entry.allocated;
            entry.keepsPlace = true;
        }

        uint64 kopeks = _drop(book, entry, OrderState.CANCELLED);
        emit OrderCancelled(issueId, orderId, entry.investor, kopeks, reason);
        if (closed && book.demand == 0) _complete(issueId, book);
    }

    // ------------------------------------------------------------------------------------------------- settlement

    /// @inheritdoc IPlacement
    function allocate(bytes32 issueId, uint32[] calldata orderIds, uint64[] calldata units) external {
        Book storage book = _known(issueId);
        require(msg.sender == book.issuer, PlacementNotIssuer(issueId, msg.sender));
        bool choosing = book.state == State.SETTLING && book.allocation == IIssueRegistry.Allocation.ISSUER_CHOICE
            && book.nextOrder == 1;
        require(choosing, PlacementWrongState(issueId, book.state));
        require(orderIds.length == units.length, AllocationMissing(issueId));

        uint64 chosen = book.chosen;
        for (uint256 i; i < orderIds.length; ++i) {
            Entry storage entry = _openOrder(issueId, orderIds[i]);
            require(units[i] <= entry.units, AllocationTooLarge(issueId, units[i], entry.units));
            chosen = chosen - entry.allocated + units[i];
            entry.allocated = uint40(units[i]);
            emit OrderAllocated(issueId, orderIds[i], units[i]);
        }
        require(chosen <= book.maximumUnits, AllocationTooLarge(issueId, chosen, book.maximumUnits));
        book.chosen = chosen;
    }

    /// @inheritdoc IPlacement
    function settle(bytes32 issueId, uint32 count) external {
        Book storage book = _known(issueId);
        Batch memory batch = _batch(issueId, book);
        uint256 first = book.nextOrder;
        uint256 end = Math.min(first + count, uint256(book.orderCount) + 1);
        for (uint256 orderId = first; orderId < end; ++orderId) {
            _settleOne(batch, uint32(orderId));
        }

        book.nextOrder = uint32(end);
        book.demand = batch.demand;
        book.issued = batch.issued;
        book.passed = batch.passed;
        if (batch.demand == 0) _complete(issueId, book);
    }

    /// The batch's view of the book; decides whether orders are settled or refunded, and whether it is time.
    function _batch(bytes32 issueId, Book storage book) private returns (Batch memory batch) {
        State state = book.state;
        require(state == State.SETTLING || state == State.REFUNDING, PlacementWrongState(issueId, state));
        if (state == State.SETTLING) {
            require(block.timestamp >= book.creditingAt, PlacementNotCrediting(issueId, book.creditingAt));
            if (_unsettleable(issueId, book)) {
                book.state = state = State.REFUNDING;
                emit PlacementClosed(issueId, false, book.demand, 0);
            }
        }
        batch.issueId = issueId;
        batch.asset = IDigitalAsset(book.asset);
        batch.issuer = book.issuer;
        batch.accessClass = book.accessClass;
        batch.refunding = state == State.REFUNDING;
        batch.allocation = book.allocation;
        batch.priceKopeks = book.priceKopeks;
        batch.maximumUnits = book.maximumUnits;
        batch.demand = book.demand;
        batch.issued = book.issued;
        batch.closedDemand = book.closedDemand;
        batch.passed = book.passed;
    }

    /// A token can't be issued from its maturity on or after its last record date, and an issuer's choice may never come: what is left
    /// is refunded then.
    function _unsettleable(bytes32 issueId, Book storage book) private view returns (bool) {
        if (block.timestamp >= book.maturity) return true;
        if (block.timestamp > IDigitalAsset(book.asset).circulationEndsAt()) return true;
        if (book.allocation != IIssueRegistry.Allocation.ISSUER_CHOICE || book.nextOrder != 1) return false;
        if (book.chosen != 0 && book.chosen >= book.minimumUnits) return false;
        require(block.timestamp > book.creditingAt + ALLOCATION_GRACE, AllocationMissing(issueId));
        return true;
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
        uint64 issued = book.issued;
        bool succeeded = issued != 0;
        book.state = succeeded ? State.COMPLETED : State.FAILED;
        _registry.advance(issueId, succeeded ? IIssueRegistry.IssueState.CIRCULATION : IIssueRegistry.IssueState.FAILED);
        emit PlacementCompleted(issueId, succeeded, issued);
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IPlacement
    function sale(bytes32 issueId) external view returns (Sale memory) {
        Book storage book = _known(issueId);
        return Sale({
            state: book.state,
            asset: book.asset,
            issuer: book.issuer,
            terms: IIssueRegistry.PlacementTerms({
                priceKopeks: book.priceKopeks,
                minimumUnits: book.minimumUnits,
                orderMin: book.orderMin,
                orderMax: book.orderMax,
                startsAt: book.startsAt,
                endsAt: book.endsAt,
                creditingAt: book.creditingAt,
                allocation: book.allocation
            }),
            maximumUnits: book.maximumUnits,
            demand: book.demand,
            issued: book.issued,
            orderCount: book.orderCount,
            nextOrder: book.nextOrder
        });
    }

    /// @inheritdoc IPlacement
    function orderOf(bytes32 issueId, uint32 orderId) external view returns (Order memory) {
        Entry memory entry = _orders[issueId][orderId];
        return Order(entry.investor, entry.units, entry.state, entry.allocated);
    }

    // ------------------------------------------------------------------------------------------------- helpers

    function _known(bytes32 issueId) private view returns (Book storage book) {
        book = _books[issueId];
        require(book.state != State.NONE, PlacementUnknown(issueId));
    }

    /// The book is not closed yet; a suspended sale still lets investors take orders back.
    function _requireIntake(bytes32 issueId, Book storage book) private view {
        State state = book.state;
        require(state == State.OPEN || state == State.SUSPENDED, PlacementWrongState(issueId, state));
    }

    function _requireTaking(bytes32 issueId, Book storage book, uint64 units) private view {
        require(book.state == State.OPEN, PlacementWrongState(issueId, book.state));
        require(block.timestamp >= book.startsAt, PlacementNotStarted(issueId, book.startsAt));
        require(block.timestamp <= book.endsAt, PlacementEnded(issueId, book.endsAt));
        uint64 orderMax = uint64(Math.min(book.orderMax, type(uint40).max));
        require(units != 0 && units >= book.orderMin && units <= orderMax, OrderSize(units, book.orderMin, orderMax));
        require(msg.sender != book.issuer, OrderByIssuer(msg.sender));
        // First come, first served fills up; the order that crosses the maximum is the last one and is filled in part.
        bool full = book.allocation == IIssueRegistry.Allocation.FIFO && book.demand >= book.maximumUnits;
        require(!full, PlacementFull(issueId, book.demand, book.maximumUnits));
    }

    function _openOrder(bytes32 issueId, uint32 orderId) private view returns (Entry storage entry) {
        entry = _orders[issueId][orderId];
        require(entry.state == OrderState.OPEN, OrderNotOpen(issueId, orderId, entry.state));
    }

    function _drop(Book storage book, Entry storage entry, OrderState to) private returns (uint64 kopeks) {
        kopeks = _cost(entry.units, book.priceKopeks);
        book.demand -= entry.units;
        entry.state = to;
        _refund(book.accessClass, entry.investor, kopeks);
    }

    /// Into frozen rubles when the investor is blocked: Rubles sees to it.
    function _refund(uint8 accessClass, address investor, uint64 kopeks) private {
        if (accessClass == AccessClass.LIMIT) _participants.releaseLimit(investor, kopeks);
        _rubles.release(investor, kopeks);
    }

    function _cost(uint64 units, uint64 priceKopeks) private pure returns (uint64) {
        return (uint256(units) * priceKopeks).toUint64();
    }
}
