// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Coupons, amortisation and redemption: declared, funded in full, distributed in batches, complete when the chain says so
interface IPayouts {
    enum Kind {
        COUPON,
        AMORTISATION,
        REDEMPTION,
        EARLY_CALL,
        EARLY_PUT
    }
    enum Rounding {
        PER_UNIT,
        PER_HOLDER
    }
    enum State {
        NONE,
        DECLARED,
        FUNDED,
        EXECUTING,
        DONE,
        CANCELLED,
        OVERDUE,
        DEFAULTED
    }

    struct Run {
        address asset;
        address issuer;
        Kind kind;
        Rounding rounding;
        State state;
        uint32 recordDate; // number of the record date in the token
        uint40 dueAt;
        uint128 microKopeksPerUnit; // millionths of a kopek
        uint64 escrowKopeks; // left
        uint64 unitsDue; // supply at the record date, or tendered units
        uint64 unitsPaid;
        uint64 kopeksPaid;
    }

    /// @notice A run is declared: what a unit of the record date is due, and when.
    event RunDeclared(
        uint256 indexed id,
        address indexed asset,
        bytes32 indexed ref,
        Kind kind,
        Rounding rounding,
        uint32 recordDate,
        uint128 microKopeksPerUnit,
        uint40 dueAt,
        address declaredBy
    );
    /// @notice The whole sum is in escrow; `unitsDue` is what is paid for.
    event RunFunded(uint256 indexed id, uint64 kopeks, uint64 unitsDue);
    /// A batch: each payment packs units << 192 | grossKopeks << 128 | withheldKopeks << 64 | toFrozen. One log for all, for a log each
    /// would cost a sixth of a payout's gas.
    event HoldersPaid(uint256 indexed id, address[] holders, uint256[] payments);
    /// @notice Everybody is paid; what was left in escrow went back to the issuer.
    event RunCompleted(uint256 indexed id, uint64 unitsPaid, uint64 kopeksPaid, uint64 returnedKopeks);
    /// @notice Called off before its first batch; escrow went back to the issuer.
    event RunCancelled(uint256 indexed id, uint64 returnedKopeks);
    /// @notice Unfunded past its due date; defaulted when it is so after `graceEndsAt`.
    event RunOverdue(uint256 indexed id, uint40 graceEndsAt);
    /// @notice Unfunded past the grace period.
    event RunDefaulted(uint256 indexed id);
    /// `units` in all: a second tender of a holder replaces the first.
    event UnitsTendered(uint256 indexed id, address indexed holder, uint64 units, uint256 encumbranceId);
    /// @notice Tendered units are free again.
    event TenderReturned(uint256 indexed id, address indexed holder, uint64 units);
    /// @notice Where withheld tax goes and the largest share of it, in hundredths of a percent.
    event TaxRuleSet(address taxAccount, uint16 maximumWithheldBps);
    /// @notice How long a run may be overdue before it is in default.
    event GraceSet(uint40 graceSeconds);

    /// @notice No payout `id`.
    error RunUnknown(uint256 id);
    /// @notice Not possible in the present state of payout `id`.
    error RunWrongState(uint256 id, State state);
    /// @notice Payout `id` belongs to the issuer.
    error RunNotIssuer(uint256 id, address who);
    /// @notice The record date lies ahead: `recordAt`.
    error RunRecordDateAhead(uint256 id, uint40 recordAt);
    /// @notice The payout starts on `dueAt`.
    error RunNotDue(uint256 id, uint40 dueAt);
    /// @notice Holder `holder` was paid in payout `id` already.
    error RunAlreadyPaid(uint256 id, address holder);
    /// @notice `holder` had no units at the record date.
    error RunHolderWithoutUnits(uint256 id, address holder);
    /// @notice The payout needs `required`, `given` given.
    error RunUnderfunded(uint256 id, uint64 required, uint64 given);
    /// @notice `withheld` withheld, at most `allowed` allowed.
    error RunWithheldTooMuch(uint256 id, address holder, uint64 withheld, uint64 allowed);
    /// @notice Invalid term of the payout: `field`.
    error RunTermsInvalid(string field);
    /// @notice Tenders were taken until `recordAt`.
    error RunTenderClosed(uint256 id, uint40 recordAt);
    /// @notice `holder` tendered no units.
    error RunTenderMissing(uint256 id, address holder);

    /// @notice Declare a run; the issuer of the asset, or OPERATOR in the issuer's name. `ref` is the operator's run id, unique.
    function declare(
        address asset,
        Kind kind,
        Rounding rounding,
        uint32 recordDate,
        uint128 microKopeksPerUnit,
        uint40 dueAt,
        bytes32 ref
    ) external returns (uint256 id);
    /// @notice After the record date: move the whole sum from the issuer's free rubles into escrow; the issuer, or OPERATOR in its name.
    /// At least `required(id)`; the rest comes back on completion.
    function fund(uint256 id, uint64 kopeks) external;
    /// @notice Pay a batch; anyone, from the due date on. Completes the run when the units paid reach the units due.
    function distribute(uint256 id, address[] calldata holders, uint64[] calldata withheldKopeks) external;
    /// @notice Before the first batch: the issuer until the due date, OPERATOR at any time (so an issuer can't wash a default away);
    /// escrow returns to the issuer.
    function cancel(uint256 id) external;
    /// @notice Past the due date and unfunded: OVERDUE; past the grace period: DEFAULTED; anyone.
    function markOverdue(uint256 id) external;
    /// @notice Past the grace period and unfunded: DEFAULTED; anyone.
    function markDefaulted(uint256 id) external;
    /// @notice EARLY_PUT: tender own units into a declared run until its record date; adds to an earlier tender.
    function tender(uint256 id, uint64 units) external returns (uint256 encumbranceId);
    /// @notice Free tendered units: of a cancelled run anyone, of a defaulted one the holder or OPERATOR.
    function returnTender(uint256 id, address holder) external;
    /// @notice Where withheld tax goes and the largest share; four eyes (TREASURER).
    function setTaxRule(address taxAccount, uint16 maximumWithheldBps) external;
    /// @notice Length of the grace period of runs that become overdue from now on; four eyes (TREASURER).
    function setGrace(uint40 graceSeconds) external;

    /// @notice A run by number; RunUnknown when there is none.
    function run(uint256 id) external view returns (Run memory);
    /// @notice The run of an operator's id; 0 when there is none.
    function runOfRef(bytes32 ref) external view returns (uint256);
    /// @notice What `fund` demands: PER_UNIT exactly what will be paid, PER_HOLDER a bound. Reverts while the record date lies ahead.
    function required(uint256 id) external view returns (uint64 kopeks);
    /// @notice Was this holder paid, under this or an earlier address?
    function paid(uint256 id, address holder) external view returns (bool);
    /// @notice Units that a holder has tendered into a put.
    function tenderOf(uint256 id, address holder) external view returns (uint64 units);
    /// @notice How many runs were ever declared; they are numbered from 1.
    function count() external view returns (uint256);
}
