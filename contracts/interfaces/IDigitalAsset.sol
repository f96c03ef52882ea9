// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIssueRegistry} from "./IIssueRegistry.sol";

/// @title One digital financial asset (ЦФА): units of each holder, encumbrances, record dates
/// @notice Also ERC-20 with metadata (0 decimals), ERC-7943 fungible, ERC-1404, ERC-1643, ERC-165.
interface IDigitalAsset {
    enum EncumbranceKind {
        ORDER,
        PLEDGE,
        LOCKUP,
        ARREST,
        FREEZE
    }

    struct Encumbrance {
        address holder;
        uint64 units;
        EncumbranceKind kind;
        uint40 until; // 0: until released
        address by;
        bytes32 basis;
    }

    /// @notice The token exists; its terms never change.
    event AssetCreated(bytes32 indexed issueId, address indexed issuer, IIssueRegistry.Terms terms);
    /// @notice Record date `number` (from 1) lies at `at`, unix seconds, inclusive.
    event RecordDateSet(uint32 indexed number, uint40 at);
    /// @notice Units move until `at`, inclusive.
    event CirculationEnds(uint40 at);
    /// @notice Units of a holder are bound by a new encumbrance; `basis` is the hash of its document, or the number of the order it serves.
    event UnitsEncumbered(
        uint256 indexed id, address indexed holder, EncumbranceKind kind, uint64 units, uint40 until, bytes32 basis, address by
    );
    /// @notice `units` of an encumbrance are free again or were taken by force; `left` stay bound, 0 ends it.
    event EncumbranceReduced(uint256 indexed id, address indexed holder, uint64 units, uint64 left);
    /// @notice Two officers moved units against or without the holder's will; to the zero address they were burnt.
    event UnitsForced(address indexed from, address indexed to, uint64 units, bool classBypassed, bytes32 reason, bytes32 documentHash);
    /// @notice Everything of a replaced address is its successor's now, history at record dates included.
    event HolderReplaced(address indexed from, address indexed to, uint64 units);
    /// @notice Two officers stopped or resumed all moves.
    event AssetPaused(bool paused);

    /// @notice Units can't be moved until `until`: lock-up.
    error AssetLocked(uint40 until);
    /// @notice Operations with the issue are paused.
    error AssetIsPaused();
    /// @notice Circulation of the issue ended on `endedAt`.
    error AssetNotCirculating(uint40 endedAt);
    /// @notice Units move only through deals in the system.
    error AssetVenuesOnly();
    /// @notice Above the maximum of `maximum` units: `wanted` wanted.
    error AssetMaximum(uint64 maximum, uint256 wanted);
    /// @notice The issue matured on `maturity`.
    error AssetMatured(uint40 maturity);
    /// @notice `free` units are free, `wanted` wanted.
    error UnitsInsufficient(address holder, uint64 free, uint256 wanted);
    /// @notice `wanted` units do not fit the register.
    error UnitsOverflow(uint256 wanted);
    /// @notice No encumbrance `id`.
    error EncumbranceUnknown(uint256 id);
    /// @notice Encumbrance `id` can't be released.
    error EncumbranceNotReleasable(uint256 id);
    /// @notice Encumbrance `id` holds `units` units, `wanted` wanted.
    error EncumbranceTooSmall(uint256 id, uint64 units, uint64 wanted);
    /// @notice Record date `at` is not allowed.
    error RecordDateInvalid(uint40 at);
    /// @notice There is no record date `number`.
    error RecordDateUnknown(uint32 number);
    /// @notice Record date `number` lies ahead: `at`.
    error RecordDateAhead(uint32 number, uint40 at);
    /// @notice Receiver `to` is not allowed.
    error ReceiverInvalid(address to);
    /// No units, a lock-up of another's units, one that is over already, or one more than a holder may have (64).
    error EncumbranceInvalid(address holder, EncumbranceKind kind, uint64 units, uint40 until);
    /// `from` is not yet replaced by `to` in Participants.
    error HolderNotReplaced(address from, address to);
    /// ORDER encumbrances must be closed by their venue first.
    error HolderHasOrders(address holder, uint64 units);

    /// @notice New units to a buyer of the primary sale; VENUE, before maturity, within the maximum; the lock-up does not apply.
    function issueUnits(address to, uint64 units) external;
    /// @notice Deliver encumbered units of a deal; VENUE that made the encumbrance. All rules of a transfer apply.
    function deliver(uint256 encumbranceId, address to, uint64 units) external;
    /// @notice Burn at redemption, of all holders named; VENUE. Units must be free of ORDER encumbrances; others fall with the units.
    function redeem(address[] calldata holders, uint64[] calldata units) external;

    /// @notice ORDER: VENUE. LOCKUP: the holder. FREEZE: COMPLIANCE. PLEDGE and ARREST: four eyes (REGISTRAR).
    function encumber(address holder, EncumbranceKind kind, uint64 units, uint40 until, bytes32 basis)
        external
        returns (uint256 id);
    /// @notice Who may release: ORDER its venue; LOCKUP anyone after `until`; PLEDGE and ARREST four eyes (REGISTRAR).
    function release(uint256 id, uint64 units) external;
    /// @notice Release of a FREEZE: four eyes (COMPLIANCE). A function of its own, for four eyes know the role by the function.
    function unfreeze(uint256 id, uint64 units) external;

    /// @notice Court, inheritance, reorganisation: four eyes (REGISTRAR). Takes free units first, then encumbered ones in the order
    /// FREEZE, ARREST, LOCKUP, PLEDGE; ORDER never. Works while paused and locked, not after the end of circulation, when the list
    /// of those to be paid is final.
    function forcedTransfer(address from, address to, uint64 units, bool bypassClass, bytes32 reason, bytes32 documentHash)
        external;
    /// @notice Take units out of the world, by court act for one: four eyes (REGISTRAR); same order of seizing as a forced transfer.
    function forcedBurn(address from, uint64 units, bytes32 reason, bytes32 documentHash) external;
    /// @notice Move everything of a replaced address, history at record dates included; four eyes (REGISTRAR).
    function replaceHolder(address from, address to) external;
    /// @notice Stop or resume transfers, deliveries, issue and redemption: four eyes (REGISTRAR). Forced moves go on.
    function setPaused(bool paused_) external;
    /// @notice A record date in the future (call, meeting); four eyes (REGISTRAR).
    function appendRecordDate(uint40 at) external returns (uint32 number);
    /// @notice End circulation at a record date that is not yet past; VENUE: earlier (early redemption of the whole issue), back again
    /// (that redemption is cancelled) or later (restructuring after a default).
    function endCirculation(uint32 recordDate) external;

    /// @notice Terms of the right as decided.
    function terms() external view returns (IIssueRegistry.Terms memory);
    /// @notice keccak256 of the operator's issue number.
    function issueId() external view returns (bytes32);
    /// @notice Address of the issuer, for ever.
    function issuer() external view returns (address);
    /// @notice Have two officers stopped all moves?
    function paused() external view returns (bool);
    /// @notice Last second, inclusive, in which units move.
    function circulationEndsAt() external view returns (uint40);
    /// @notice Addresses with units now.
    function holderCount() external view returns (uint32);
    /// @notice Units that the holder may dispose of: neither encumbered nor frozen.
    function freeUnits(address holder) external view returns (uint64);
    /// @notice Units that the holder has and may not dispose of.
    function encumberedUnits(address holder) external view returns (uint64);
    /// @notice An encumbrance by number; all zero when it is over.
    function encumbrance(uint256 id) external view returns (Encumbrance memory);
    /// @notice How many record dates there are, those to come included.
    function recordDateCount() external view returns (uint32);
    /// @notice Unix second of a record date; RecordDateUnknown when there is none of that number.
    function recordDateAt(uint32 number) external view returns (uint40);
    /// @notice Units right after the record date's second has passed; exact for ever. Reverts while the date lies ahead.
    function unitsAt(address holder, uint32 number) external view returns (uint64);
    /// @notice `unitsAt` of many holders in one call.
    function unitsAtBatch(address[] calldata holders, uint32 number) external view returns (uint64[] memory);
    /// @notice Units in circulation at a record date; exact for ever.
    function supplyAt(uint32 number) external view returns (uint64);
    /// @notice Addresses with units at a record date; exact for ever.
    function holdersAt(uint32 number) external view returns (uint32);
}
