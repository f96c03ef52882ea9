// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Governed} from "../access/Governed.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {IERC1404} from "../interfaces/IERC1404.sol";
import {IERC1643} from "../interfaces/IERC1643.sol";
import {IERC7943Fungible} from "../interfaces/IERC7943.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {Roles} from "../libraries/Roles.sol";
import {Documents} from "./Documents.sol";
import {Encumbrances} from "./Encumbrances.sol";
import {Holdings} from "./Holdings.sol";
import {Holder, State} from "./Slots.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title One digital financial asset (ЦФА)
/// @dev Rules of a transfer stand in `_obstacle`, which the askers (canTransfer, detectTransferRestriction) and the movers (transfer,
/// transferFrom, deliver) both go through; units move in `_move` alone. No code of a holder is ever called.
contract DigitalAsset is Encumbrances, Documents, IERC20Metadata, IERC20Errors, IERC7943Fungible, IERC1404 {
    IParticipants public immutable PARTICIPANTS;
    bytes32 private immutable _ISSUE_ID;
    uint64 private immutable _MAXIMUM_UNITS;
    uint8 private immutable _ACCESS_CLASS;
    uint40 private immutable _LOCKED_UNTIL;
    uint40 private immutable _MATURITY;
    bool private immutable _VENUES_ONLY;

    /// @inheritdoc IERC20Metadata
    string public name;
    /// @inheritdoc IERC20Metadata
    string public symbol;
    bytes private _terms; // as the ABI encodes them
    /// @inheritdoc IERC20
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    constructor(address manager, address participants, IIssueRegistry.Terms memory t)
        Governed(IAccessManager(manager))
        Holdings(t.issuer, t.burnOnIssuerAcquire)
    {
        PARTICIPANTS = IParticipants(participants);
        _ISSUE_ID = t.issueId;
        (name, symbol) = (t.name, t.symbol);
        (_MAXIMUM_UNITS, _ACCESS_CLASS) = (t.maximumUnits, t.accessClass);
        (_LOCKED_UNTIL, _MATURITY) = (t.lockedUntil, t.maturity);
        _VENUES_ONLY = t.transferMode == IIssueRegistry.TransferMode.VENUES_ONLY;
        _terms = abi.encode(t);
        emit AssetCreated(t.issueId, t.issuer, t);
        _decideRecordDates(t.recordDates);
    }

    /// @dev Ascending; the last one ends circulation.
    function _decideRecordDates(uint40[] memory dates) private {
        uint40 last = 0;
        for (uint256 i; i < dates.length; ++i) {
            if (dates[i] <= last) revert RecordDateInvalid(dates[i]);
            last = dates[i];
            _addRecordDate(last);
        }
        if (last == 0) revert RecordDateInvalid(0);
        _endCirculation(last);
    }

    // --- transfers by the holder ----------------------------------------------------------------------------------------

    /// @inheritdoc IERC20
    function transfer(address to, uint256 units) external returns (bool) {
        _transfer(_state, msg.sender, to, units, false);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 units) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < units) revert ERC20InsufficientAllowance(msg.sender, allowed, units);
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - units;
        _transfer(_state, from, to, units, false);
        return true;
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 units) external returns (bool) {
        if (spender == address(0)) revert ERC20InvalidSpender(spender);
        allowance[msg.sender][spender] = units;
        emit Approval(msg.sender, spender, units);
        return true;
    }

    function _transfer(State s, address from, address to, uint256 units, bool byVenue) private {
        Holder sender = _holders[from].word;
        uint8 code = _obstacle(s, from, sender, to, units, byVenue);
        if (code != Restrictions.NONE) _refuse(code, from, to, units);
        _move(s, from, sender, to, units);
    }

    // --- the rules ------------------------------------------------------------------------------------------------------

    /// @return code of the first rule that a transfer breaks, Restrictions.NONE when it may pass
    function _obstacle(State s, address from, Holder sender, address to, uint256 units, bool byVenue)
        private
        view
        returns (uint8 code)
    {
        if (s.paused()) return Restrictions.PAUSED;
        if (block.timestamp > s.circulationEndsAt()) return Restrictions.NOT_CIRCULATING;
        if (block.timestamp <= _LOCKED_UNTIL) return Restrictions.LOCKED;
        if (_VENUES_ONLY && !byVenue) return Restrictions.VENUES_ONLY;
        code = _obstacleOfPair(from, to);
        if (code != Restrictions.NONE) return to == address(0) ? Restrictions.RECEIVER_INVALID : code;
        if (!sender.canSpare(units)) return Restrictions.INSUFFICIENT_FREE;
    }

    /// @dev PARTICIPANTS.restrictionOfPair(from, to, _ACCESS_CLASS), by hand: on the way of every transfer the compiler's coding and
    /// decoding would cost 300 gas. Only the first word of the answer is read.
    function _obstacleOfPair(address from, address to) private view returns (uint8 code) {
        (address target, uint256 class) = (address(PARTICIPANTS), _ACCESS_CLASS);
        bytes4 selector = IParticipants.restrictionOfPair.selector;
        assembly ("memory-safe") {
            let call_ := mload(0x40)
            mstore(call_, selector)
            mstore(add(call_, 4), from)
            mstore(add(call_, 36), to)
            mstore(add(call_, 68), class)
            if iszero(and(gt(returndatasize(), 31), staticcall(gas(), target, call_, 100, 0, 32))) { revert(0, 0) }
            code := mload(0)
        }
    }

    /// @dev The error of each code; those of Participants come from there.
    function _refuse(uint8 code, address from, address to, uint256 units) private view {
        if (code == Restrictions.PAUSED) revert AssetIsPaused();
        if (code == Restrictions.RECEIVER_INVALID) revert ReceiverInvalid(to);
        if (code == Restrictions.NOT_CIRCULATING) revert AssetNotCirculating(_state.circulationEndsAt());
        if (code == Restrictions.LOCKED) revert AssetLocked(_LOCKED_UNTIL);
        if (code == Restrictions.VENUES_ONLY) revert AssetVenuesOnly();
        PARTICIPANTS.requirePair(from, to, _ACCESS_CLASS);
        revert UnitsInsufficient(from, freeUnits(from), units);
    }

    /// @inheritdoc IERC1404
    function detectTransferRestriction(address from, address to, uint256 units) public view returns (uint8) {
        return _obstacle(_state, from, _holders[from].word, to, units, false);
    }

    /// @inheritdoc IERC7943Fungible
    function canTransfer(address from, address to, uint256 units) external view returns (bool) {
        return detectTransferRestriction(from, to, units) == Restrictions.NONE;
    }

    /// @inheritdoc IERC7943Fungible
    function canSend(address account) public view returns (bool) {
        return _admitted(account, 0);
    }

    /// @inheritdoc IERC7943Fungible
    function canReceive(address account) external view returns (bool) {
        return _admitted(account, _ACCESS_CLASS);
    }

    /// @notice May the account act at all? What ERC-7943 asked before its final text parted sending from receiving.
    function canTransact(address account) external view returns (bool) {
        return canSend(account);
    }

    function _admitted(address account, uint8 class) private view returns (bool) {
        return PARTICIPANTS.restriction(account, class) == Restrictions.NONE;
    }

    /// @inheritdoc IERC1404
    function messageForTransferRestriction(uint8 code) external pure returns (string memory) {
        if (code == Restrictions.NONE) return "no restriction";
        if (code == Restrictions.PAUSED) return "asset is paused";
        if (code == Restrictions.LOCKED) return "lock-up is not over";
        if (code == Restrictions.NOT_CIRCULATING) return "circulation has ended";
        if (code == Restrictions.VENUES_ONLY) return "only venues may move units";
        if (code == Restrictions.NOT_ADMITTED) return "party is not admitted";
        if (code == Restrictions.EXPIRED) return "admission of a party has expired";
        if (code == Restrictions.BLOCKED) return "party is blocked";
        if (code == Restrictions.CLASS) return "receiver lacks the access class";
        if (code == Restrictions.INSUFFICIENT_FREE) return "not enough free units";
        if (code == Restrictions.RECEIVER_INVALID) return "receiver is invalid";
        return "unknown code";
    }

    // --- venues ---------------------------------------------------------------------------------------------------------

    /// @inheritdoc IDigitalAsset
    function issueUnits(address to, uint64 units) external only(Roles.VENUE) {
        State s = _state;
        _requireRunning(s);
        if (block.timestamp >= _MATURITY) revert AssetMatured(_MATURITY);
        _requireCirculating(s);
        uint256 wanted = uint256(s.supply()) + units;
        if (wanted > _MAXIMUM_UNITS) revert AssetMaximum(_MAXIMUM_UNITS, wanted);
        _requireAdmitted(to, _ACCESS_CLASS);
        _move(s, address(0), Holder.wrap(0), to, units);
    }

    /// @inheritdoc IDigitalAsset
    function deliver(uint256 encumbranceId, address to, uint64 units) external only(Roles.VENUE) {
        _transfer(_state, _releaseForDelivery(encumbranceId, units), to, units, true);
    }

    /// @inheritdoc IDigitalAsset
    function redeem(address[] calldata holders, uint64[] calldata units) external only(Roles.VENUE) {
        _requireRunning(_state);
        for (uint256 i; i < holders.length; ++i) {
            _seize(holders[i], units[i]);
            _move(_state, holders[i], _holders[holders[i]].word, address(0), units[i]);
        }
    }

    /// @inheritdoc IDigitalAsset
    function endCirculation(uint32 recordDate) external only(Roles.VENUE) {
        uint40 moment = recordDateAt(recordDate);
        if (moment < block.timestamp) revert RecordDateInvalid(moment);
        _endCirculation(moment);
    }

    // --- powers of the operator -----------------------------------------------------------------------------------------

    /// @inheritdoc IDigitalAsset
    function forcedTransfer(
        address from,
        address to,
        uint64 units,
        bool bypassClass,
        bytes32 reason,
        bytes32 documentHash
    ) public only(Roles.FOUR_EYES) {
        if (to == from) revert ReceiverInvalid(to);
        _requireAdmitted(to, bypassClass ? 0 : _ACCESS_CLASS);
        _force(from, to, units, bypassClass, reason, documentHash);
    }

    /// @inheritdoc IERC7943Fungible
    /// @dev Reason and document are in FourEyes' own record of the action.
    function forcedTransfer(address from, address to, uint256 units) external returns (bool) {
        forcedTransfer(from, to, _fitting(units), false, 0, 0);
        return true;
    }

    /// @inheritdoc IDigitalAsset
    function forcedBurn(address from, uint64 units, bytes32 reason, bytes32 documentHash)
        external
        only(Roles.FOUR_EYES)
    {
        _force(from, address(0), units, false, reason, documentHash);
    }

    function _force(address from, address to, uint64 units, bool bypassClass, bytes32 reason, bytes32 documentHash)
        private
    {
        State s = _state;
        _requireCirculating(s);
        _seize(from, units);
        _move(s, from, _holders[from].word, to, units);
        emit ForcedTransfer(from, to, units);
        emit UnitsForced(from, to, units, bypassClass, reason, documentHash);
    }

    /// @inheritdoc IDigitalAsset
    function replaceHolder(address from, address to) external only(Roles.FOUR_EYES) {
        _requireReplaced(from, to);
        (Holder old, Holder heir) = (_holders[from].word, _holders[to].word);
        if (old.replaced() || heir.inherits() || heir.replaced()) revert ReceiverInvalid(to);
        (_holders[from].word, _holders[to].word, _predecessors[to]) = (old.asReplaced(), heir.asHeir(), from);
        _moveEncumbrances(from, to);
        uint64 units = old.units();
        _move(_state, from, _holders[from].word, to, units);
        emit HolderReplaced(from, to, units);
    }

    /// @dev Participants keeps the running number of a replaced address and gives it to the successor.
    function _requireReplaced(address from, address to) private view {
        address[] memory both = new address[](2);
        (both[0], both[1]) = (from, to);
        uint256[] memory packed = PARTICIPANTS.numbersAndStatus(both);
        bool replaced = uint8(packed[0]) == uint8(IParticipants.Status.REPLACED) && packed[0] >> 8 == packed[1] >> 8;
        if (!replaced || from == to) revert HolderNotReplaced(from, to);
    }

    /// @inheritdoc IERC7943Fungible
    /// @dev One COMPLIANCE officer freezes more; freezing less takes four eyes (COMPLIANCE), like every release.
    function setFrozenTokens(address account, uint256 units) external returns (bool) {
        uint64 frozen = _fitting(units);
        _requireRole(msg.sender, frozen < _holders[account].word.frozen() ? Roles.FOUR_EYES : Roles.COMPLIANCE);
        _setFrozen(account, frozen);
        return true;
    }

    /// @inheritdoc IERC7943Fungible
    function getFrozenTokens(address account) external view returns (uint256) {
        return _holders[account].word.frozen();
    }

    /// @inheritdoc IDigitalAsset
    function setPaused(bool paused_) external only(Roles.FOUR_EYES) {
        _state = _state.withPaused(paused_);
        emit AssetPaused(paused_);
    }

    /// @inheritdoc IDigitalAsset
    function appendRecordDate(uint40 moment) external only(Roles.FOUR_EYES) returns (uint32) {
        if (moment <= block.timestamp) revert RecordDateInvalid(moment);
        return _addRecordDate(moment);
    }

    function _requireAdmitted(address who, uint8 class) private view {
        PARTICIPANTS.requireAdmitted(who, class);
    }

    function _requireRunning(State s) private pure {
        if (s.paused()) revert AssetIsPaused();
    }

    function _requireCirculating(State s) private view {
        if (block.timestamp > s.circulationEndsAt()) revert AssetNotCirculating(s.circulationEndsAt());
    }

    function _fitting(uint256 units) private pure returns (uint64) {
        if (units > type(uint64).max) revert UnitsOverflow(units);
        return uint64(units);
    }

    // --- questions ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IERC20Metadata
    /// @dev Units are whole.
    function decimals() external pure returns (uint8) {
        return 0;
    }

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return _state.supply();
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _holders[account].word.units();
    }

    /// @inheritdoc IDigitalAsset
    function issueId() external view returns (bytes32) {
        return _ISSUE_ID;
    }

    /// @inheritdoc IDigitalAsset
    function terms() external view returns (IIssueRegistry.Terms memory) {
        bytes memory encoded = _terms;
        // They are kept as a caller gets them; decoding them to encode them again would cost a thousand bytes of code.
        assembly ("memory-safe") {
            return(add(encoded, 32), mload(encoded))
        }
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IERC20).interfaceId
            || id == type(IERC20Metadata).interfaceId || id == type(IERC7943Fungible).interfaceId
            || id == type(IERC1404).interfaceId || id == type(IERC1643).interfaceId
            || id == type(IDigitalAsset).interfaceId;
    }
}

// slither-disable-end timestamp
