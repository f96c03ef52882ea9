// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIssueRegistry} from "./IIssueRegistry.sol";

/// @title Primary market: orders with rubles in escrow, cut-off, allocation, delivery versus payment or refund
interface IPlacement {
    enum State {
        NONE,
        OPEN,
        SUSPENDED,
        SETTLING,
        REFUNDING,
        COMPLETED,
        FAILED
    }
    enum OrderState {
        NONE,
        OPEN,
        RECALLED,
        CANCELLED,
        SETTLED,
        REFUNDED
    }

    struct Order {
        address investor;
        uint64 units;
        OrderState state;
        uint64 allocated; // ISSUER_CHOICE before settlement; the settled units after it
    }

    struct Sale {
        State state;
        address asset;
        address issuer;
        IIssueRegistry.PlacementTerms terms;
        uint64 maximumUnits;
        uint64 demand; // units of open orders
        uint64 issued; // units settled so far
        uint32 orderCount;
        uint32 nextOrder; // first order not yet settled or refunded
    }

    /// @notice The sale of an issue is open.
    event PlacementOpened(
        bytes32 indexed issueId,
        address indexed asset,
        address indexed issuer,
        IIssueRegistry.PlacementTerms terms,
        uint64 maximumUnits
    );
    /// @notice A moderator has stopped or resumed intake.
    event PlacementSuspended(bytes32 indexed issueId, bool suspended);
    /// @notice An order is in the book and its money is held; `clientRef` is the operator's id of the order.
    event OrderPlaced(
        bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 units, uint64 kopeks, bytes32 clientRef
    );
    /// @notice The investor took the order back; the money is released.
    event OrderRecalled(bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 kopeks);
    /// @notice An officer cancelled the order; the money is released.
    event OrderCancelled(
        bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 kopeks, bytes32 reason
    );
    /// @notice The issuer's choice for an order, until settlement.
    event OrderAllocated(bytes32 indexed issueId, uint32 indexed orderId, uint64 units);
    /// Book closed. `succeeded` false: below the minimum, everybody is refunded. A second time, with false: settlement has become
    /// impossible (matured, circulation over, no allocation came) and the open orders are refunded.
    event PlacementClosed(bytes32 indexed issueId, bool succeeded, uint64 demand, uint64 toIssue);
    /// @notice Delivery versus payment of an order; `refunded` kopeks were released.
    event OrderSettled(
        bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 units, uint64 kopeks, uint64 refunded
    );
    /// @notice An order gets nothing; all its money is released.
    event OrderRefunded(bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 kopeks);
    /// @notice The sale is over: no order is open and nothing is held for it.
    event PlacementCompleted(bytes32 indexed issueId, bool succeeded, uint64 issuedUnits);

    /// @notice No such placement.
    error PlacementUnknown(bytes32 issueId);
    /// @notice Not possible in the present state of the placement.
    error PlacementWrongState(bytes32 issueId, State state);
    /// @notice Orders are taken from `startsAt`.
    error PlacementNotStarted(bytes32 issueId, uint40 startsAt);
    /// @notice Orders were taken until `endsAt`.
    error PlacementEnded(bytes32 issueId, uint40 endsAt);
    /// @notice Orders are taken until `endsAt`.
    error PlacementNotEnded(bytes32 issueId, uint40 endsAt);
    /// @notice Crediting starts on `creditingAt`.
    error PlacementNotCrediting(bytes32 issueId, uint40 creditingAt);
    /// @notice The issue is fully subscribed.
    error PlacementFull(bytes32 issueId, uint64 demand, uint64 maximumUnits);
    /// @notice `units` units; `orderMin` to `orderMax` allowed.
    error OrderSize(uint64 units, uint64 orderMin, uint64 orderMax);
    /// @notice Order `orderId` is closed already.
    error OrderNotOpen(bytes32 issueId, uint32 orderId, OrderState state);
    /// @notice Order `orderId` belongs to another participant.
    error OrderNotYours(bytes32 issueId, uint32 orderId, address investor);
    /// @notice The issuer can't buy its own issue.
    error OrderByIssuer(address issuer);
    /// @notice `wanted` units allocated, `allowed` allowed.
    error AllocationTooLarge(bytes32 issueId, uint64 wanted, uint64 allowed);
    /// @notice The issuer has not allocated the orders yet.
    error AllocationMissing(bytes32 issueId);
    /// @notice Only the register of issues opens a placement.
    error PlacementOnlyRegistry(address who);
    /// @notice Only the issuer may do this.
    error PlacementNotIssuer(bytes32 issueId, address who);

    /// @notice Open the sale of a token just deployed; only the IssueRegistry.
    function open(
        bytes32 issueId,
        address asset,
        address issuer,
        uint64 maximumUnits,
        IIssueRegistry.PlacementTerms calldata terms
    ) external;
    /// @notice Order units: admission and class checked, limit reserved, rubles held; the investor. `clientRef` is the operator's order id.
    function order(bytes32 issueId, uint64 units, bytes32 clientRef) external returns (uint32 orderId);
    /// @notice Take an order back until the cut-off; its investor.
    function recall(bytes32 issueId, uint32 orderId) external;
    /// @notice Cancel an order (blocked investor, limit) until it is settled; COMPLIANCE.
    function cancelOrder(bytes32 issueId, uint32 orderId, bytes32 reason) external;
    /// @notice Stop and resume intake; MODERATOR.
    function suspend(bytes32 issueId, bool suspended) external;
    /// @notice Close the book after the cut-off; anyone.
    function close(bytes32 issueId) external;
    /// @notice ISSUER_CHOICE: the issuer's allocation, after the book is closed and before settlement.
    function allocate(bytes32 issueId, uint32[] calldata orderIds, uint64[] calldata units) external;
    /// @notice Settle or refund the next `count` orders; anyone. A blocked or no longer admitted investor is refunded.
    /// An issuer's choice is begun by the issuer or OPERATOR once it reaches the minimum, by anyone three days after `creditingAt`
    /// (refunds, if it has not).
    function settle(bytes32 issueId, uint32 count) external;

    /// @notice A sale by issue; PlacementUnknown when there is none.
    function sale(bytes32 issueId) external view returns (Sale memory);
    /// @notice An order by number; state NONE when there is none.
    function orderOf(bytes32 issueId, uint32 orderId) external view returns (Order memory);
}
