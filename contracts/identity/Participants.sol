// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Governed} from "../access/Governed.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {MoscowTime} from "../libraries/MoscowTime.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {Roles} from "../libraries/Roles.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds

/// @title The allowlist: who may hold digital financial assets and rubles of the nominal account
contract Participants is IParticipants, Governed {
    uint8 private constant QUAL = 8;
    uint8 private constant ALL_CLASSES = 15;

    /// The limit in force and the one that follows it, if any; one slot.
    struct LimitRule {
        uint40 from;
        uint64 kopeks;
        uint40 nextFrom;
        uint64 nextKopeks;
    }

    /// @inheritdoc IParticipants
    uint32 public count;
    LimitRule private _limit;
    mapping(address who => Participant) private _participants;

    constructor(IAccessManager manager) Governed(manager) {}

    // --- Admission ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IParticipants
    function admit(
        address[] calldata who,
        Kind[] calldata kinds,
        uint8[] calldata classes,
        uint40[] calldata admittedUntil,
        bytes32[] calldata profileHashes
    ) external only(Roles.COMPLIANCE) {
        uint256 length = who.length;
        if (
            kinds.length != length || classes.length != length || admittedUntil.length != length
                || profileHashes.length != length
        ) revert ParticipantTermsInvalid(address(0));

        uint32 number = count;
        for (uint256 i; i < length; ++i) {
            _admit(who[i], ++number, kinds[i], classes[i], admittedUntil[i], profileHashes[i]);
        }
        count = number;
    }

    /// @inheritdoc IParticipants
    function update(address who, uint8 classes, uint40 admittedUntil, bytes32 profileHash)
        external
        only(Roles.COMPLIANCE)
    {
        Participant storage p = _participants[who];
        if (p.status != Status.ACTIVE && p.status != Status.BLOCKED) revert ParticipantWrongStatus(who, p.status);
        _requireTerms(who, p.kind, classes, admittedUntil);

        (p.classes, p.admittedUntil) = (classes, admittedUntil);

        emit ParticipantUpdated(who, classes, admittedUntil, profileHash);
    }

    /// @inheritdoc IParticipants
    function block_(address who, bytes32 reason, bytes32 documentHash) external only(Roles.COMPLIANCE) {
        _changeStatus(who, Status.ACTIVE, Status.BLOCKED);

        emit ParticipantBlocked(who, reason, documentHash, msg.sender);
    }

    /// @inheritdoc IParticipants
    function unblock(address who) external only(Roles.FOUR_EYES) {
        _changeStatus(who, Status.BLOCKED, Status.ACTIVE);

        emit ParticipantUnblocked(who);
    }

    /// @inheritdoc IParticipants
    function replace(address from, address to) external only(Roles.FOUR_EYES) {
        Participant memory p = _participants[from];
        if (p.status != Status.ACTIVE && p.status != Status.BLOCKED) revert ParticipantWrongStatus(from, p.status);
        if (p.limitReserved != 0) revert ParticipantHasReservation(from, p.limitReserved);
        if (to == address(0)) revert ParticipantTermsInvalid(to);
        if (_participants[to].status != Status.NONE) revert ParticipantExists(to);

        _participants[to] = p;
        // The old address keeps its number: whoever was paid under it is not paid again under the new one.
        (p.status, p.classes, p.limitNet) = (Status.REPLACED, 0, 0);
        _participants[from] = p;

        emit ParticipantReplaced(from, to, p.number);
    }

    // --- Yearly limit ------------------------------------------------------------------------------------------------

    /// @inheritdoc IParticipants
    function setLimit(uint40 effectiveFrom, uint64 kopeks) external only(Roles.FOUR_EYES) {
        LimitRule memory rule = _ruleNow();
        if (effectiveFrom <= rule.from) revert LimitTermsInvalid(effectiveFrom);

        if (effectiveFrom <= block.timestamp) (rule.from, rule.kopeks) = (effectiveFrom, kopeks);
        else (rule.nextFrom, rule.nextKopeks) = (effectiveFrom, kopeks);
        _limit = rule;

        emit LimitSet(effectiveFrom, kopeks);
    }

    /// @inheritdoc IParticipants
    function reserveLimit(address who, uint64 kopeks) external only(Roles.VENUE) {
        Participant memory p = _thisYear(who);
        if (p.kind != Kind.PERSON) return;
        if (p.classes & QUAL == 0) _requireAvailable(who, p, kopeks);

        p.limitReserved += kopeks;
        _participants[who] = p;

        emit LimitReserved(who, p.limitYear, kopeks);
    }

    /// @inheritdoc IParticipants
    function releaseLimit(address who, uint64 kopeks) external only(Roles.VENUE) {
        Participant memory p = _thisYear(who);
        if (p.kind != Kind.PERSON) return;

        p.limitReserved -= kopeks;
        _participants[who] = p;

        emit LimitReleased(who, p.limitYear, kopeks);
    }

    /// @inheritdoc IParticipants
    function commitLimit(address who, uint64 kopeks, bool reserved) external only(Roles.VENUE) {
        Participant memory p = _thisYear(who);
        bool qualified = p.classes & QUAL != 0;
        if (p.kind != Kind.PERSON || (qualified && !reserved)) return;
        if (reserved) p.limitReserved -= kopeks;
        else _requireAvailable(who, p, kopeks);

        // A purchase settled as a qualified investor does not count.
        if (!qualified) p.limitNet += int72(uint72(kopeks));
        _participants[who] = p;

        if (qualified) emit LimitReleased(who, p.limitYear, kopeks);
        else emit LimitCommitted(who, p.limitYear, kopeks, reserved);
    }

    /// @inheritdoc IParticipants
    function restoreLimit(address who, uint64 kopeks) external only(Roles.VENUE) {
        Participant memory p = _thisYear(who);
        if (p.kind != Kind.PERSON || p.classes & QUAL != 0) return;

        p.limitNet -= int72(uint72(kopeks));
        _participants[who] = p;

        emit LimitRestored(who, p.limitYear, kopeks);
    }

    // --- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IParticipants
    function participant(address who) external view returns (Participant memory) {
        return _participants[who];
    }

    /// @inheritdoc IParticipants
    function restriction(address who, uint8 class) public view returns (uint8 code) {
        return _restriction(who, class);
    }

    /// @inheritdoc IParticipants
    function restrictionOfPair(address from, address to, uint8 class)
        public
        view
        returns (uint8 code, address offender)
    {
        code = _restriction(from, 0);
        if (code != Restrictions.NONE) return (code, from);
        code = _restriction(to, class);
        if (code != Restrictions.NONE) offender = to;
    }

    /// @dev Stands in the way of every transfer, so the participant's word is read once, not member by member; from the lowest bit:
    /// status (8), kind (8), classes (8), admitted until (40).
    function _restriction(address who, uint256 class) private view returns (uint8) {
        Participant storage p = _participants[who];
        uint256 word;
        assembly ("memory-safe") {
            word := sload(p.slot)
        }
        uint256 status = uint8(word);
        if (status == uint8(Status.BLOCKED)) return Restrictions.BLOCKED;
        if (status != uint8(Status.ACTIVE)) return Restrictions.NOT_ADMITTED;
        if (block.timestamp > uint40(word >> 24)) return Restrictions.EXPIRED;
        if ((word >> 16) & class != class) return Restrictions.CLASS;
        return Restrictions.NONE;
    }

    /// @inheritdoc IParticipants
    function requireAdmitted(address who, uint8 class) external view {
        _refuse(restriction(who, class), who, class);
    }

    /// @inheritdoc IParticipants
    function requirePair(address from, address to, uint8 class) external view {
        (uint8 code, address offender) = restrictionOfPair(from, to, class);
        _refuse(code, offender, class);
    }

    /// @inheritdoc IParticipants
    function numbersAndStatus(address[] calldata who) external view returns (uint256[] memory packed) {
        packed = new uint256[](who.length);
        for (uint256 i; i < who.length; ++i) {
            Participant storage p = _participants[who[i]];
            uint256 word;
            assembly ("memory-safe") {
                word := sload(p.slot)
            }
            packed[i] = uint256(uint32(word >> 64)) << 8 | uint8(word);
        }
    }

    /// @inheritdoc IParticipants
    function limitAvailable(address who) external view returns (uint256 kopeks) {
        Participant memory p = _thisYear(who);
        if (p.kind != Kind.PERSON || p.classes & QUAL != 0) return type(uint256).max;
        return _available(p);
    }

    /// @inheritdoc IParticipants
    function limitRule() external view returns (uint40 from, uint64 kopeks, uint40 nextFrom, uint64 nextKopeks) {
        LimitRule memory rule = _ruleNow();
        return (rule.from, rule.kopeks, rule.nextFrom, rule.nextKopeks);
    }

    // --- Inside ------------------------------------------------------------------------------------------------------

    function _admit(
        address who,
        uint32 number,
        Kind kind,
        uint8 classes,
        uint40 admittedUntil,
        bytes32 profileHash
    ) private {
        Participant storage p = _participants[who];
        if (p.status != Status.NONE) revert ParticipantExists(who);
        _requireTerms(who, kind, classes, admittedUntil);

        (p.status, p.kind, p.classes, p.admittedUntil, p.number) = (Status.ACTIVE, kind, classes, admittedUntil, number);

        emit ParticipantAdmitted(who, number, kind, classes, admittedUntil, profileHash);
    }

    /// Nobody admits or renews himself, an officer neither.
    function _requireTerms(address who, Kind kind, uint8 classes, uint40 admittedUntil) private view {
        if (
            who == address(0) || who == msg.sender || kind == Kind.NONE || classes > ALL_CLASSES
                || admittedUntil <= block.timestamp
        ) revert ParticipantTermsInvalid(who);
    }

    function _changeStatus(address who, Status wanted, Status to) private {
        Participant storage p = _participants[who];
        if (p.status != wanted) revert ParticipantWrongStatus(who, p.status);
        p.status = to;
    }

    /// The participant with the sums of the running year: purchases of earlier years are forgotten, open reservations stay.
    function _thisYear(address who) private view returns (Participant memory p) {
        p = _participants[who];
        uint16 year = MoscowTime.year(block.timestamp);
        if (p.limitYear != year) (p.limitYear, p.limitNet) = (year, 0);
    }

    function _requireAvailable(address who, Participant memory p, uint64 kopeks) private view {
        uint256 available = _available(p);
        if (kopeks > available) revert LimitExceeded(who, available, kopeks);
    }

    /// What lay ahead has come into force when its time is there.
    function _ruleNow() private view returns (LimitRule memory rule) {
        rule = _limit;
        bool next = rule.nextFrom != 0 && rule.nextFrom <= block.timestamp;
        if (next) rule = LimitRule(rule.nextFrom, rule.nextKopeks, 0, 0);
    }

    function _available(Participant memory p) private view returns (uint256) {
        int256 left = int256(uint256(_ruleNow().kopeks)) - p.limitNet - int256(uint256(p.limitReserved));
        return left > 0 ? uint256(left) : 0;
    }

    function _refuse(uint8 code, address who, uint8 class) private view {
        if (code == Restrictions.NONE) return;
        if (code == Restrictions.BLOCKED) revert ParticipantIsBlocked(who);
        if (code == Restrictions.EXPIRED) revert ParticipantExpired(who, _participants[who].admittedUntil);
        if (code == Restrictions.CLASS) revert ParticipantClass(who, class);
        revert ParticipantNotAdmitted(who);
    }
}

// slither-disable-end timestamp
