// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The allowlist: who may hold digital financial assets and rubles of the nominal account
/// @notice Nothing personal is stored: an address, a running number, access classes, an expiry and a salted hash of the file.
/// Yearly limit of unqualified persons: Bank of Russia ordinance in force since 01.01.2026 (600 000 rubles a calendar year, Moscow time).
interface IParticipants {
    enum Status {
        NONE,
        ACTIVE,
        BLOCKED,
        REPLACED
    }
    enum Kind {
        NONE,
        PERSON,
        SOLE_TRADER,
        ORGANISATION,
        NOMINEE,
        SYSTEM
    }

    struct Participant {
        Status status;
        Kind kind;
        uint8 classes; // bits: 1 FREE, 2 LIMIT, 4 TEST, 8 QUAL
        uint40 admittedUntil; // unix seconds, inclusive
        uint32 number; // running number from 1
        uint16 limitYear; // Moscow calendar year of the two sums below
        int72 limitNet; // kopeks bought minus kopeks received in LIMIT assets in that year
        uint72 limitReserved; // kopeks reserved by open orders
    }

    /// @notice An address may act; `profileHash` is the salted hash of the participant's file.
    event ParticipantAdmitted(
        address indexed who, uint32 indexed number, Kind kind, uint8 classes, uint40 admittedUntil, bytes32 profileHash
    );
    /// @notice Renewed, or of other classes.
    event ParticipantUpdated(address indexed who, uint8 classes, uint40 admittedUntil, bytes32 profileHash);
    /// @notice One officer has stopped the participant.
    event ParticipantBlocked(address indexed who, bytes32 reason, bytes32 documentHash, address officer);
    /// @notice Two officers have let the participant act again.
    event ParticipantUnblocked(address indexed who);
    /// @notice `to` continues as participant `number`; `from` never acts again.
    event ParticipantReplaced(address indexed from, address indexed to, uint32 number);
    /// @notice From a time on the yearly limit is `kopeks`.
    event LimitSet(uint40 effectiveFrom, uint64 kopeks);
    /// @notice An order has taken `kopeks` of the year's limit.
    event LimitReserved(address indexed who, uint16 year, uint64 kopeks);
    /// @notice A reservation is given back.
    event LimitReleased(address indexed who, uint16 year, uint64 kopeks);
    /// Purchase settled: `kopeks` move from reserved (when `reserved`) into the year's net.
    event LimitCommitted(address indexed who, uint16 year, uint64 kopeks, bool reserved);
    /// Sale or redemption: the year's net falls by `kopeks`.
    event LimitRestored(address indexed who, uint16 year, uint64 kopeks);

    /// @notice Participant `who` is not admitted.
    error ParticipantNotAdmitted(address who);
    /// @notice Admission of `who` ended on `admittedUntil`.
    error ParticipantExpired(address who, uint40 admittedUntil);
    /// @notice Participant `who` is blocked.
    error ParticipantIsBlocked(address who);
    /// @notice Participant `who` may not hold assets of class `required`.
    error ParticipantClass(address who, uint8 required);
    /// @notice Participant `who` is already admitted.
    error ParticipantExists(address who);
    /// @notice Not possible in the present status of participant `who`.
    error ParticipantWrongStatus(address who, Status status);
    /// @notice Invalid terms of admission of `who`.
    error ParticipantTermsInvalid(address who);
    /// Orders in the yearly limit are still open; they are closed before the address is replaced.
    error ParticipantHasReservation(address who, uint72 reservedKopeks);
    /// @notice A new limit can't take effect on `effectiveFrom`.
    error LimitTermsInvalid(uint40 effectiveFrom);
    /// @notice Yearly limit exceeded: `availableKopeks` available, `wantedKopeks` wanted.
    error LimitExceeded(address who, uint256 availableKopeks, uint256 wantedKopeks);

    /// @notice Admit addresses; COMPLIANCE. Arrays are of equal length.
    function admit(
        address[] calldata who,
        Kind[] calldata kinds,
        uint8[] calldata classes,
        uint40[] calldata admittedUntil,
        bytes32[] calldata profileHashes
    ) external;

    /// @notice New classes, expiry and file hash of an admitted participant (renewal, qualification); COMPLIANCE.
    function update(address who, uint8 classes, uint40 admittedUntil, bytes32 profileHash) external;

    /// @notice Block at once; one COMPLIANCE officer is enough.
    function block_(address who, bytes32 reason, bytes32 documentHash) external;

    /// @notice Unblock; four eyes (COMPLIANCE).
    function unblock(address who) external;

    /// @notice Give a participant who lost access a new address; four eyes (REGISTRAR). Number, classes and limit move along.
    function replace(address from, address to) external;

    /// @notice Yearly limit in kopeks from a time on; four eyes (COMPLIANCE). Later than the rule in force; a rule that lies still
    /// ahead is replaced.
    function setLimit(uint40 effectiveFrom, uint64 kopeks) external;

    /// @notice The four moves of the yearly limit; VENUE. They concern PERSON only. A person with QUAL is not limited and his purchases
    /// do not count, but his reservations are booked too, so a change of class between order and settlement leaves nothing behind.
    /// A new calendar year begins with no purchases; open reservations stay.
    function reserveLimit(address who, uint64 kopeks) external;
    /// @notice Give a reservation back: an order was recalled, cancelled or refunded.
    function releaseLimit(address who, uint64 kopeks) external;
    /// @notice Count a purchase: out of a reservation, or at once, when the limit must still allow it.
    function commitLimit(address who, uint64 kopeks, bool reserved) external;
    /// @notice Count a sale or a redemption: the year's net falls.
    function restoreLimit(address who, uint64 kopeks) external;

    /// @notice Everything known of an address; status NONE for a stranger.
    function participant(address who) external view returns (Participant memory);
    /// @return code 0 when `who` may act and, if `class` is not 0, holds that class bit; else a code of the Restrictions library.
    function restriction(address who, uint8 class) external view returns (uint8 code);
    /// @return code of the first obstacle, `offender` whom it concerns. `class` concerns the receiver only.
    function restrictionOfPair(address from, address to, uint8 class) external view returns (uint8 code, address offender);
    /// @notice Reverts with the error that names the obstacle.
    function requireAdmitted(address who, uint8 class) external view;
    /// @notice Reverts with the error of the first obstacle of two parties; `class` concerns the receiver only.
    function requirePair(address from, address to, uint8 class) external view;
    /// @return packed number << 8 | status for each address: what a payout batch needs, in one call.
    function numbersAndStatus(address[] calldata who) external view returns (uint256[] memory packed);
    /// @notice Kopeks that a person may still buy for in class LIMIT this year; the largest number for who is not limited.
    function limitAvailable(address who) external view returns (uint256 kopeks);
    /// @return from start and kopeks of the yearly limit in force now, then of the one that follows; 0 where there is none.
    function limitRule() external view returns (uint40 from, uint64 kopeks, uint40 nextFrom, uint64 nextKopeks);
    /// @notice How many participants were ever admitted; they are numbered from 1.
    function count() external view returns (uint32);
}
