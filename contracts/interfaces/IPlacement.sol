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

    event PlacementOpened(
        bytes32 indexed issueId,
        address indexed asset,
        address indexed issuer,
        IIssueRegistry.PlacementTerms terms,
        uint64 maximumUnits
    );
    event PlacementSuspended(bytes32 indexed issueId, bool suspended);
    event OrderPlaced(
        bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 units, uint64 kopeks, bytes32 clientRef
    );
    event OrderRecalled(bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 kopeks);
    event OrderCancelled(
        bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 kopeks, bytes32 reason
    );
    event OrderAllocated(bytes32 indexed issueId, uint32 indexed orderId, uint64 units);
    /// Book closed. `succeeded` false: below the minimum, everybody is refunded. A second time, with false: settlement has become
    /// impossible (matured, circulation over, no allocation came) and the open orders are refunded.
    event PlacementClosed(bytes32 indexed issueId, bool succeeded, uint64 demand, uint64 toIssue);
    event OrderSettled(
        bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 units, uint64 kopeks, uint64 refunded
    );
    event OrderRefunded(bytes32 indexed issueId, uint32 indexed orderId, address indexed investor, uint64 kopeks);
    event PlacementCompleted(bytes32 indexed issueId, bool succeeded, uint64 issuedUnits);

    error PlacementUnknown(bytes32 issueId);
    error PlacementWrongState(bytes32 issueId, State state);
    error PlacementNotStarted(bytes32 issueId, uint40 startsAt);
    error PlacementEnded(bytes32 issueId, uint40 endsAt);
    error PlacementNotEnded(bytes32 issueId, uint40 endsAt);
    error PlacementNotCrediting(bytes32 issueId, uint40 creditingAt);
    error PlacementFull(bytes32 issueId, uint64 demand, uint64 maximumUnits);
    error OrderSize(uint64 units, uint64 orderMin, uint64 orderMax);
    error OrderNotOpen(bytes32 issueId, uint32 orderId, OrderState state);
    error OrderNotYours(bytes32 issueId, uint32 orderId, address investor);
    error OrderByIssuer(address issuer);
    error AllocationTooLarge(bytes32 issueId, uint64 wanted, uint64 allowed);
    error AllocationMissing(bytes32 issueId);
    error PlacementOnlyRegistry(address who);
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

    function sale(bytes32 issueId) external view returns (Sale memory);
    function orderOf(bytes32 issueId, uint32 orderId) external view returns (Order memory);
}
