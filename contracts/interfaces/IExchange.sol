// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Secondary market: offers with units encumbered, atomic delivery versus payment on acceptance
interface IExchange {
    enum State {
        NONE,
        OPEN,
        FILLED,
        WITHDRAWN,
        EXPIRED
    }

    struct Offer {
        address asset;
        address seller;
        address buyer; // zero: anyone admitted
        uint64 units; // left
        uint64 priceKopeks; // a unit
        uint64 minimumUnits; // of one acceptance, unless the rest is smaller
        uint40 expiresAt; // inclusive
        State state;
        uint256 encumbranceId;
    }

    /// @notice An offer is open and its units are bound; `clientRef` is the operator's id of the request.
    event OfferMade(
        uint256 indexed id,
        address indexed asset,
        address indexed seller,
        uint64 units,
        uint64 priceKopeks,
        uint64 minimumUnits,
        address buyer,
        uint40 expiresAt,
        bytes32 clientRef
    );
    /// @notice Delivery versus payment: units to the buyer and kopeks to the seller in this transaction.
    event OfferAccepted(
        uint256 indexed id, address indexed asset, address indexed buyer, address seller, uint64 units, uint64 kopeks, bytes32 clientRef
    );
    /// @notice An offer is over: filled, withdrawn or expired; `unitsReturned` are free again.
    event OfferClosed(uint256 indexed id, State state, uint64 unitsReturned);

    /// @notice Offer `id` is closed already.
    error OfferNotOpen(uint256 id, State state);
    /// @notice Offer `id` expired on `expiresAt`.
    error OfferHasExpired(uint256 id, uint40 expiresAt);
    /// @notice Offer `id` is valid until `expiresAt`.
    error OfferNotExpired(uint256 id, uint40 expiresAt);
    /// @notice Offer `id` belongs to another participant.
    error OfferNotYours(uint256 id, address who);
    /// @notice Offer `id` is addressed to another participant.
    error OfferForAnother(uint256 id, address buyer);
    /// @notice `wanted` units: at least `minimum`, `left` left.
    error OfferUnits(uint256 id, uint64 wanted, uint64 minimum, uint64 left);
    /// @notice Invalid term of the offer: `field`.
    error OfferTermsInvalid(string field);
    /// @notice No such asset in the register.
    error OfferAssetUnknown(address asset);

    /// @notice Offer own free units; the lock-up must be over.
    function offer(
        address asset,
        uint64 units,
        uint64 priceKopeks,
        uint64 minimumUnits,
        address buyer,
        uint40 expiresAt,
        bytes32 clientRef
    ) external returns (uint256 id);
    /// @notice Accept all or a part: rubles to the seller and units to the buyer in this transaction.
    function accept(uint256 id, uint64 units, bytes32 clientRef) external;
    /// @notice Withdraw: the seller. Expire: anyone after the expiry. Encumbered units become free.
    function withdraw(uint256 id) external;
    /// @notice Close an offer that can't be settled any more: past its expiry, circulation over, or the seller may not act; anyone.
    function expire(uint256 id) external;

    /// @notice An offer by number; state NONE when there is none.
    function offerOf(uint256 id) external view returns (Offer memory);
    /// @notice How many offers were ever made; they are numbered from 1.
    function count() external view returns (uint256);
}
