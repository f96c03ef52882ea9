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
    event OfferAccepted(
        uint256 indexed id, address indexed asset, address indexed buyer, address seller, uint64 units, uint64 kopeks, bytes32 clientRef
    );
    event OfferClosed(uint256 indexed id, State state, uint64 unitsReturned);

    error OfferNotOpen(uint256 id, State state);
    error OfferHasExpired(uint256 id, uint40 expiresAt);
    error OfferNotExpired(uint256 id, uint40 expiresAt);
    error OfferNotYours(uint256 id, address who);
    error OfferForAnother(uint256 id, address buyer);
    error OfferUnits(uint256 id, uint64 wanted, uint64 minimum, uint64 left);
    error OfferTermsInvalid(string field);
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
    function expire(uint256 id) external;

    function offerOf(uint256 id) external view returns (Offer memory);
    function count() external view returns (uint256);
}
