// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Governed} from "../access/Governed.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {IExchange} from "../interfaces/IExchange.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IRubles} from "../interfaces/IRubles.sol";
import {AccessClass} from "../libraries/AccessClass.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds
// slither-disable-start reentrancy-events -- only the platform's own contracts are called, and none of them calls back

/// @title Exchange
/// @notice Offered units stay with the seller under an ORDER encumbrance of this venue; money never rests here.
contract Exchange is IExchange, Governed {
    using SafeCast for uint256;

    /// An offer in four slots.
    struct Lot {
        address asset;
        uint64 units;
        State state;
        bool limited; // asset of class LIMIT
        address seller;
        uint64 priceKopeks;
        address buyer;
        uint64 minimumUnits;
        uint40 expiresAt;
        uint128 encumbranceId;
    }

    IParticipants private immutable _participants;
    IRubles private immutable _rubles;
    IIssueRegistry private immutable _registry;

    /// @inheritdoc IExchange
    uint256 public count;
    mapping(uint256 id => Lot) private _lots;

    constructor(IAccessManager manager, IParticipants participants, IRubles rubles, IIssueRegistry registry)
        Governed(manager)
    {
        _participants = participants;
        _rubles = rubles;
        _registry = registry;
    }

    // ------------------------------------------------------------------------------------------------- seller

    /// @inheritdoc IExchange
    function offer(
        address asset,
        uint64 units,
        uint64 priceKopeks,
        uint64 minimumUnits,
        address buyer,
        uint40 expiresAt,
        bytes32 clientRef
    ) external returns (uint256 id) {
        require(_registry.isAsset(asset), OfferAssetUnknown(asset));
        _requireTerms(units, priceKopeks, minimumUnits, buyer, expiresAt);
        _participants.requireAdmitted(msg.sender, 0);
        bool limited = _requireTradable(asset);

        id = ++count;
        // slither-disable-next-line reentrancy-benign -- the token calls nobody but Participants and the manager
        uint256 encumbranceId =
            IDigitalAsset(asset).encumber(msg.sender, IDigitalAsset.EncumbranceKind.ORDER, units, 0, bytes32(id));
        _lots[id] = Lot({
            asset: asset,
            units: units,
            state: State.OPEN,
            limited: limited,
            seller: msg.sender,
            priceKopeks: priceKopeks,
            buyer: buyer,
            minimumUnits: minimumUnits,
            expiresAt: expiresAt,
            encumbranceId: encumbranceId.toUint128()
        });
        emit OfferMade(id, asset, msg.sender, units, priceKopeks, minimumUnits, buyer, expiresAt, clientRef);
    }

    /// @inheritdoc IExchange
    function withdraw(uint256 id) external {
        Lot storage lot = _open(id);
        require(msg.sender == lot.seller, OfferNotYours(id, msg.sender));
        _close(id, lot, State.WITHDRAWN);
    }

    /// @inheritdoc IExchange
    /// @dev Also when no deal can settle any more: circulation has ended and the units must be free for redemption, or the seller is
    /// no longer admitted (a replaced address can't hand over its units while an offer holds them).
    function expire(uint256 id) external {
        Lot storage lot = _open(id);
        bool over = block.timestamp > lot.expiresAt || _circulationOver(lot.asset)
            || _participants.restriction(lot.seller, 0) != 0;
        require(over, OfferNotExpired(id, lot.expiresAt));
        _close(id, lot, State.EXPIRED);
    }

    // ------------------------------------------------------------------------------------------------- buyer

    /// @inheritdoc IExchange
    /// @dev Lock-up, pause, circulation, both admissions and the buyer's class are checked again by the token as it delivers.
    function accept(uint256 id, uint64 units, bytes32 clientRef) external {
        Lot storage stored = _open(id);
        Lot memory lot = stored;
        _requireAcceptable(id, lot, units);

        uint64 left = lot.units - units;
        uint64 kopeks = units * lot.priceKopeks; // can't overflow: the whole offer was checked when it was made
        stored.units = left;
        if (left == 0) stored.state = State.FILLED;

        if (lot.limited) {
            _participants.commitLimit(msg.sender, kopeks, false);
            _participants.restoreLimit(lot.seller, kopeks);
        }
        _rubles.pay(msg.sender, lot.seller, kopeks, false);
        IDigitalAsset(lot.asset).deliver(lot.encumbranceId, msg.sender, units);
        emit OfferAccepted(id, lot.asset, msg.sender, lot.seller, units, kopeks, clientRef);
        if (left == 0) emit OfferClosed(id, State.FILLED, 0);
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IExchange
    function offerOf(uint256 id) external view returns (Offer memory) {
        Lot memory lot = _lots[id];
        return Offer({
            asset: lot.asset,
            seller: lot.seller,
            buyer: lot.buyer,
            units: lot.units,
            priceKopeks: lot.priceKopeks,
            minimumUnits: lot.minimumUnits,
            expiresAt: lot.expiresAt,
            state: lot.state,
            encumbranceId: lot.encumbranceId
        });
    }

    // ------------------------------------------------------------------------------------------------- helpers

    function _open(uint256 id) private view returns (Lot storage lot) {
        lot = _lots[id];
        require(lot.state == State.OPEN, OfferNotOpen(id, lot.state));
    }

    function _requireTerms(uint64 units, uint64 priceKopeks, uint64 minimumUnits, address buyer, uint40 expiresAt)
        private
        view
    {
        require(units != 0, OfferTermsInvalid("units"));
        bool fits = uint256(units) * priceKopeks <= uint64(type(int64).max);
        require(priceKopeks != 0 && fits, OfferTermsInvalid("priceKopeks"));
        require(minimumUnits != 0 && minimumUnits <= units, OfferTermsInvalid("minimumUnits"));
        require(buyer != msg.sender, OfferTermsInvalid("buyer"));
        require(expiresAt >= block.timestamp, OfferTermsInvalid("expiresAt"));
    }

    /// Lock-up over and circulation open, so that an offer is never a promise that can't be kept.
    function _requireTradable(address asset) private view returns (bool limited) {
        IIssueRegistry.Terms memory terms = IDigitalAsset(asset).terms();
        require(block.timestamp > terms.lockedUntil, IDigitalAsset.AssetLocked(terms.lockedUntil));
        uint40 endsAt = IDigitalAsset(asset).circulationEndsAt();
        require(!_circulationOver(asset), IDigitalAsset.AssetNotCirculating(endsAt));
        return terms.accessClass == AccessClass.LIMIT;
    }

    function _requireAcceptable(uint256 id, Lot memory lot, uint64 units) private view {
        require(block.timestamp <= lot.expiresAt, OfferHasExpired(id, lot.expiresAt));
        require(lot.buyer == address(0) || lot.buyer == msg.sender, OfferForAnother(id, lot.buyer));
        require(msg.sender != lot.seller, OfferTermsInvalid("buyer"));
        uint64 minimum = lot.minimumUnits < lot.units ? lot.minimumUnits : lot.units;
        require(units >= minimum && units <= lot.units, OfferUnits(id, units, minimum, lot.units));
    }

    function _circulationOver(address asset) private view returns (bool) {
        return block.timestamp > IDigitalAsset(asset).circulationEndsAt();
    }

    function _close(uint256 id, Lot storage lot, State to) private {
        uint64 units = lot.units;
        lot.state = to;
        lot.units = 0;
        IDigitalAsset(lot.asset).release(lot.encumbranceId, units);
        emit OfferClosed(id, to, units);
    }
}

// slither-disable-end timestamp,reentrancy-events
