// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Governed} from "../access/Governed.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IPayouts} from "../interfaces/IPayouts.sol";
import {IRubles} from "../interfaces/IRubles.sol";
import {Roles} from "../libraries/Roles.sol";
import {PayoutMath} from "../libraries/PayoutMath.sol";

/// @title What Payouts keeps: the runs, who was paid, what was tendered, the rules of tax and grace; and the questions about them
abstract contract PayoutBook is IPayouts, Governed {
    struct Book {
        Run run;
        bool limited; // asset of class LIMIT
        uint32 tenderers;
        uint32 endedBefore; // EARLY_CALL: the record date that ended circulation before the call
        uint40 graceEndsAt; // set when overdue
    }

    struct Tender {
        uint64 units;
        uint128 encumbranceId;
    }

    IParticipants internal immutable _participants;
    IRubles internal immutable _rubles;
    IIssueRegistry internal immutable _registry;

    /// @inheritdoc IPayouts
    uint256 public count;
    /// @inheritdoc IPayouts
    mapping(bytes32 ref => uint256) public runOfRef;
    address public taxAccount;
    uint16 public maximumWithheldBps;
    uint40 public graceSeconds;

    mapping(uint256 id => Book) internal _books;
    mapping(uint256 id => mapping(uint256 wordIndex => uint256)) internal _paid;
    mapping(uint256 id => mapping(address holder => Tender)) internal _tenders;
    /// The last full redemption of an asset: two at once would share its holders between them, and neither would end.
    mapping(address asset => uint256) internal _redemptions;

    constructor(IAccessManager manager, IParticipants participants, IRubles rubles, IIssueRegistry registry)
        Governed(manager)
    {
        _participants = participants;
        _rubles = rubles;
        _registry = registry;
    }

    // ------------------------------------------------------------------------------------------------- rules

    /// @inheritdoc IPayouts
    function setTaxRule(address taxAccount_, uint16 maximumWithheldBps_) external only(Roles.FOUR_EYES) {
        require(taxAccount_ != address(0), RunTermsInvalid("taxAccount"));
        require(maximumWithheldBps_ <= 10_000, RunTermsInvalid("maximumWithheldBps"));
        taxAccount = taxAccount_;
        maximumWithheldBps = maximumWithheldBps_;
        emit TaxRuleSet(taxAccount_, maximumWithheldBps_);
    }

    /// @inheritdoc IPayouts
    function setGrace(uint40 graceSeconds_) external only(Roles.FOUR_EYES) {
        graceSeconds = graceSeconds_;
        emit GraceSet(graceSeconds_);
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IPayouts
    function run(uint256 id) external view returns (Run memory) {
        return _known(id).run;
    }

    /// @inheritdoc IPayouts
    function required(uint256 id) public view returns (uint64 kopeks) {
        Book storage book = _known(id);
        Run memory r = book.run;
        bool funded = r.state == State.FUNDED || r.state == State.EXECUTING || r.state == State.DONE;
        uint256 holders =
            r.kind == Kind.EARLY_PUT ? book.tenderers : IDigitalAsset(r.asset).holdersAt(r.recordDate);
        return PayoutMath.required(r.rounding, funded ? r.unitsDue : _unitsDue(r), r.microKopeksPerUnit, holders);
    }

    /// @inheritdoc IPayouts
    function paid(uint256 id, address holder) external view returns (bool) {
        uint256 number = _participants.participant(holder).number;
        return _paid[id][number >> 8] & (1 << (number & 0xff)) != 0;
    }

    /// @inheritdoc IPayouts
    function tenderOf(uint256 id, address holder) external view returns (uint64 units) {
        return _tenders[id][holder].units;
    }

    // ------------------------------------------------------------------------------------------------- helpers

    function _known(uint256 id) internal view returns (Book storage book) {
        book = _books[id];
        require(book.run.state != State.NONE, RunUnknown(id));
    }

    /// An asset of the register in circulation: neither still being placed nor redeemed already.
    function _requireLive(address asset) internal view {
        require(_registry.isAsset(asset), RunTermsInvalid("asset"));
        IIssueRegistry.IssueState state = _registry.issue(_registry.issueIdOf(asset)).state;
        require(state == IIssueRegistry.IssueState.CIRCULATION, RunTermsInvalid("state"));
    }

    function _unitsDue(Run memory r) internal view returns (uint64) {
        if (r.kind == Kind.EARLY_PUT) return r.unitsDue;
        if (_redeemsAll(r.kind)) return uint64(IERC20(r.asset).totalSupply());
        return IDigitalAsset(r.asset).supplyAt(r.recordDate);
    }

    /// Number of the record date that ends circulation: the token always ends at one of its own.
    function _recordDateOf(address asset, uint40 time) internal view returns (uint32 number) {
        number = 1;
        // slither-disable-next-line calls-loop -- a handful of dates, fixed by the decision and by four eyes
        while (IDigitalAsset(asset).recordDateAt(number) != time) ++number;
    }

    function _redeemsAll(Kind kind) internal pure returns (bool) {
        return kind == Kind.REDEMPTION || kind == Kind.EARLY_CALL;
    }

    function _burns(Kind kind) internal pure returns (bool) {
        return kind == Kind.EARLY_PUT || _redeemsAll(kind);
    }
}
