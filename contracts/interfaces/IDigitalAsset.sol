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

    event AssetCreated(bytes32 indexed issueId, address indexed issuer, IIssueRegistry.Terms terms);
    event RecordDateSet(uint32 indexed number, uint40 at);
    event CirculationEnds(uint40 at);
    event UnitsEncumbered(
        uint256 indexed id, address indexed holder, EncumbranceKind kind, uint64 units, uint40 until, bytes32 basis, address by
    );
    event EncumbranceReduced(uint256 indexed id, address indexed holder, uint64 units, uint64 left);
    event UnitsForced(address indexed from, address indexed to, uint64 units, bool classBypassed, bytes32 reason, bytes32 documentHash);
    event HolderReplaced(address indexed from, address indexed to, uint64 units);
    event AssetPaused(bool paused);

    error AssetLocked(uint40 until);
    error AssetIsPaused();
    error AssetNotCirculating(uint40 endedAt);
    error AssetVenuesOnly();
    error AssetMaximum(uint64 maximum, uint256 wanted);
    error AssetMatured(uint40 maturity);
    error UnitsInsufficient(address holder, uint64 free, uint256 wanted);
    error UnitsOverflow(uint256 wanted);
    error EncumbranceUnknown(uint256 id);
    error EncumbranceNotReleasable(uint256 id);
    error EncumbranceTooSmall(uint256 id, uint64 units, uint64 wanted);
    error RecordDateInvalid(uint40 at);
    error RecordDateUnknown(uint32 number);
    error RecordDateAhead(uint32 number, uint40 at);
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
    function forcedBurn(address from, uint64 units, bytes32 reason, bytes32 documentHash) external;
    /// @notice Move everything of a replaced address, history at record dates included; four eyes (REGISTRAR).
    function replaceHolder(address from, address to) external;
    function setPaused(bool paused_) external;
    /// @notice A record date in the future (call, meeting); four eyes (REGISTRAR).
    function appendRecordDate(uint40 at) external returns (uint32 number);
    /// @notice End circulation at a record date that is not yet past; VENUE: earlier (early redemption of the whole issue), back again
    /// (that redemption is cancelled) or later (restructuring after a default).
    function endCirculation(uint32 recordDate) external;

    function terms() external view returns (IIssueRegistry.Terms memory);
    function issueId() external view returns (bytes32);
    function issuer() external view returns (address);
    function paused() external view returns (bool);
    function circulationEndsAt() external view returns (uint40);
    function holderCount() external view returns (uint32);
    function freeUnits(address holder) external view returns (uint64);
    function encumberedUnits(address holder) external view returns (uint64);
    function encumbrance(uint256 id) external view returns (Encumbrance memory);
    function recordDateCount() external view returns (uint32);
    function recordDateAt(uint32 number) external view returns (uint40);
    /// @notice Units right after the record date's second has passed; exact for ever. Reverts while the date lies ahead.
    function unitsAt(address holder, uint32 number) external view returns (uint64);
    function unitsAtBatch(address[] calldata holders, uint32 number) external view returns (uint64[] memory);
    function supplyAt(uint32 number) external view returns (uint64);
    function holdersAt(uint32 number) external view returns (uint32);
}
