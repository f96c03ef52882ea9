// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Governed} from "../access/Governed.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IPlacement} from "../interfaces/IPlacement.sol";
import {IRubles} from "../interfaces/IRubles.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title What Placement keeps: the sales and their orders; and the questions about them
/// @dev The hot path of an order reads and writes whole slots by hand: a struct would be read and written member by member.
abstract contract PlacementBook is IPlacement, Governed {
    /// Who may order, and when; one slot.
    struct Gate {
        address issuer;
        State state;
        uint40 startsAt;
        uint40 endsAt;
        uint8 accessClass;
    }

    /// Terms of the sale; one slot.
    struct Deal {
        uint64 priceKopeks;
        uint40 orderMin;
        uint40 orderMax;
        uint64 minimumUnits;
        IIssueRegistry.Allocation allocation;
        uint40 creditingAt;
    }

    /// What orders and settlement change; one slot.
    struct Tally {
        uint64 maximumUnits;
        uint64 demand;
        uint64 issued;
        uint32 orderCount;
        uint32 nextOrder;
    }

    /// One sale. An order reads the first three slots and writes the third alone.
    struct Book {
        Gate gate;
        Deal deal;
        Tally tally;
        address asset;
        uint40 maturity;
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

    IParticipants internal immutable _participants;
    IRubles internal immutable _rubles;
    IIssueRegistry internal immutable _registry;

    mapping(bytes32 issueId => Book) internal _books;
    mapping(bytes32 issueId => mapping(uint32 orderId => Entry)) internal _orders;

    constructor(IAccessManager manager, IParticipants participants, IRubles rubles, IIssueRegistry registry)
        Governed(manager)
    {
        _participants = participants;
        _rubles = rubles;
        _registry = registry;
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IPlacement
    function sale(bytes32 issueId) external view returns (Sale memory) {
        Book storage book = _known(issueId);
        return Sale({
            state: book.gate.state,
            asset: book.asset,
            issuer: book.gate.issuer,
            terms: IIssueRegistry.PlacementTerms({
                priceKopeks: book.deal.priceKopeks,
                minimumUnits: book.deal.minimumUnits,
                orderMin: book.deal.orderMin,
                orderMax: book.deal.orderMax,
                startsAt: book.gate.startsAt,
                endsAt: book.gate.endsAt,
                creditingAt: book.deal.creditingAt,
                allocation: book.deal.allocation
            }),
            maximumUnits: book.tally.maximumUnits,
            demand: book.tally.demand,
            issued: book.tally.issued,
            orderCount: book.tally.orderCount,
            nextOrder: book.tally.nextOrder
        });
    }

    /// @inheritdoc IPlacement
    function orderOf(bytes32 issueId, uint32 orderId) external view returns (Order memory) {
        Entry memory entry = _orders[issueId][orderId];
        return Order(entry.investor, entry.units, entry.state, entry.allocated);
    }

    // ------------------------------------------------------------------------------------------------- helpers

    function _known(bytes32 issueId) internal view returns (Book storage book) {
        book = _books[issueId];
        require(book.gate.state != State.NONE, PlacementUnknown(issueId));
    }

    /// The book is not closed yet; a suspended sale still lets investors take orders back.
    function _requireIntake(bytes32 issueId, Book storage book) internal view {
        State state = book.gate.state;
        require(state == State.OPEN || state == State.SUSPENDED, PlacementWrongState(issueId, state));
    }

    function _requireTaking(bytes32 issueId, Gate memory gate) internal view {
        if (gate.state == State.NONE) revert PlacementUnknown(issueId);
        if (gate.state != State.OPEN) revert PlacementWrongState(issueId, gate.state);
        if (block.timestamp < gate.startsAt) revert PlacementNotStarted(issueId, gate.startsAt);
        if (block.timestamp > gate.endsAt) revert PlacementEnded(issueId, gate.endsAt);
    }

    /// One order more, in one read and one write of the tally; member by member each would be one.
    /// First come, first served fills up: the order that crosses the maximum is the last one and is filled in part.
    function _count(bytes32 issueId, Tally storage tally, IIssueRegistry.Allocation allocation, uint64 units)
        internal
        returns (uint32 orderId)
    {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(tally.slot)
        }
        uint64 maximumUnits = uint64(word);
        uint64 demand = uint64(word >> 64);
        bool full = allocation == IIssueRegistry.Allocation.FIFO && demand >= maximumUnits;
        if (full) revert PlacementFull(issueId, demand, maximumUnits);

        demand += units; // checked: the demand of pro rata orders is bounded by no maximum
        word = word + (uint256(units) << 64) + (1 << 192);
        orderId = uint32(word >> 192);
        assembly ("memory-safe") {
            sstore(tally.slot, word)
        }
    }

    /// An open order in one write.
    function _write(Entry storage entry, address investor, uint64 units) internal {
        uint256 word = uint256(uint160(investor)) | uint256(units) << 160 | uint256(OrderState.OPEN) << 240;
        assembly ("memory-safe") {
            sstore(entry.slot, word)
        }
    }

    function _openOrder(bytes32 issueId, uint32 orderId) internal view returns (Entry storage entry) {
        entry = _orders[issueId][orderId];
        require(entry.state == OrderState.OPEN, OrderNotOpen(issueId, orderId, entry.state));
    }

    /// Can't overflow: the register lets no issue in whose maximum at its price passes 2^63, and no order passes that maximum.
    function _cost(uint64 units, uint64 priceKopeks) internal pure returns (uint64) {
        unchecked {
            return units * priceKopeks;
        }
    }
}

// slither-disable-end timestamp
