// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IDigitalAsset} from "../interfaces/IDigitalAsset.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IPayouts} from "../interfaces/IPayouts.sol";
import {IRubles} from "../interfaces/IRubles.sol";
import {AccessClass} from "../libraries/AccessClass.sol";
import {Lists} from "../libraries/Lists.sol";
import {Roles} from "../libraries/Roles.sol";
import {PayoutBook} from "./PayoutBook.sol";
import {PayoutMath} from "../libraries/PayoutMath.sol";

// slither-disable-start timestamp -- rules are set in days or hours; whoever makes a block can shift its time by seconds
// slither-disable-start reentrancy-events -- only the platform's own contracts are called, and none of them calls back
// slither-disable-start calls-loop -- the caller chooses how long a batch is, and a refusal concerns that batch alone

/// @title Payouts
/// @notice Life of a run: DECLARED -> FUNDED -> EXECUTING -> DONE; unfunded past its due date OVERDUE, then DEFAULTED, from where a late
/// `fund` leads on; CANCELLED before the first batch. Money in escrow goes to holders, to tax or back to the issuer, nowhere else.
/// Full redemptions (REDEMPTION, EARLY_CALL) pay and burn what a holder has after the end of circulation, a put what was tendered, the
/// others what was held at the record date.
contract Payouts is PayoutBook {
    using SafeCast for uint256;

    /// What a batch carries from holder to holder.
    struct Batch {
        uint256 id;
        bool limited;
        uint256 shareBps;
        uint256 kopeksPerUnit; // 0: rounding per holder
        uint256 microKopeksPerUnit;
        uint256 wordIndex; // of the bitmap of participants already paid
        uint256 word;
        uint256 units;
        uint256 grossKopeks;
        uint256 withheldKopeks;
    }

    constructor(IAccessManager manager, IParticipants participants, IRubles rubles, IIssueRegistry registry)
        PayoutBook(manager, participants, rubles, registry)
    {}

    // ------------------------------------------------------------------------------------------------- issuer

    /// @inheritdoc IPayouts
    function declare(
        address asset,
        Kind kind,
        Rounding rounding,
        uint32 recordDate,
        uint128 microKopeksPerUnit,
        uint40 dueAt,
        bytes32 ref
    ) external returns (uint256 id) {
        _requireLive(asset);
        address issuer = IDigitalAsset(asset).issuer();
        require(msg.sender == issuer || _hasRole(msg.sender, Roles.OPERATOR), RunNotIssuer(0, msg.sender));
        require(ref != 0 && runOfRef[ref] == 0, RunTermsInvalid("ref"));
        bool fits = microKopeksPerUnit != 0 && microKopeksPerUnit <= uint64(type(int64).max);
        bool pays = rounding == Rounding.PER_HOLDER || PayoutMath.roundHalfUp(microKopeksPerUnit) != 0;
        require(fits && pays, RunTermsInvalid("microKopeksPerUnit"));
        require(dueAt >= IDigitalAsset(asset).recordDateAt(recordDate), RunTermsInvalid("dueAt"));

        id = ++count;
        runOfRef[ref] = id;
        Run storage run_ = _books[id].run;
        run_.asset = asset;
        run_.issuer = issuer;
        run_.kind = kind;
        run_.rounding = rounding;
        run_.state = State.DECLARED;
        run_.recordDate = recordDate;
        run_.dueAt = dueAt;
        run_.microKopeksPerUnit = microKopeksPerUnit;
        _prepare(id, asset, kind, recordDate);
        emit RunDeclared(id, asset, ref, kind, rounding, recordDate, microKopeksPerUnit, dueAt, msg.sender);
    }

    /// What a kind demands of its record date, and what its declaration does to the asset.
    function _prepare(uint256 id, address asset, Kind kind, uint32 recordDate) private {
        uint40 recordAt = IDigitalAsset(asset).recordDateAt(recordDate);
        uint40 endsAt = IDigitalAsset(asset).circulationEndsAt();
        bool dated = kind == Kind.REDEMPTION ? recordAt == endsAt : recordAt <= endsAt;
        require(dated, RunTermsInvalid("recordDate"));
        if (!_burns(kind)) return;

        _books[id].limited = IDigitalAsset(asset).terms().accessClass == AccessClass.LIMIT;
        if (!_redeemsAll(kind)) return;
        uint256 last = _redemptions[asset];
        require(last == 0 || _books[last].run.state == State.CANCELLED, RunTermsInvalid("kind"));
        _redemptions[asset] = id;
        if (kind == Kind.EARLY_CALL) {
            _books[id].endedBefore = _recordDateOf(asset, endsAt);
            IDigitalAsset(asset).endCirculation(recordDate);
        }
    }

    /// @inheritdoc IPayouts
    function fund(uint256 id, uint64 kopeks) external {
        Book storage book = _known(id);
        Run memory r = book.run;
        require(msg.sender == r.issuer || _hasRole(msg.sender, Roles.OPERATOR), RunNotIssuer(id, msg.sender));
        bool unfunded = r.state == State.DECLARED || r.state == State.OVERDUE || r.state == State.DEFAULTED;
        require(unfunded, RunWrongState(id, r.state));
        _participants.requireAdmitted(r.issuer, 0);
        uint40 recordAt = IDigitalAsset(r.asset).recordDateAt(r.recordDate);
        uint40 endsAt = IDigitalAsset(r.asset).circulationEndsAt();
        if (_redeemsAll(r.kind) && endsAt > recordAt) recordAt = endsAt;
        require(block.timestamp > recordAt, RunRecordDateAhead(id, recordAt));
        uint64 wanted = required(id);
        require(kopeks >= wanted, RunUnderfunded(id, wanted, kopeks));

        uint64 unitsDue = _unitsDue(r);
        book.run.unitsDue = unitsDue;
        book.run.escrowKopeks = kopeks;
        book.run.state = State.FUNDED;
        if (kopeks != 0) _rubles.hold(r.issuer, kopeks);
        emit RunFunded(id, kopeks, unitsDue);
        if (unitsDue == 0) _complete(id, book);
    }

    /// @inheritdoc IPayouts
    function cancel(uint256 id) external {
        Book storage book = _known(id);
        Run memory r = book.run;
        if (msg.sender != r.issuer || block.timestamp > r.dueAt) _requireRole(msg.sender, Roles.OPERATOR);
        bool early = r.state != State.EXECUTING && r.state != State.DONE && r.state != State.CANCELLED;
        require(early, RunWrongState(id, r.state));

        book.run.state = State.CANCELLED;
        book.run.escrowKopeks = 0;
        if (r.escrowKopeks != 0) _rubles.release(r.issuer, r.escrowKopeks);
        // A call that is taken back gives circulation back, unless its old end has passed as well.
        if (r.kind == Kind.EARLY_CALL && IDigitalAsset(r.asset).recordDateAt(book.endedBefore) >= block.timestamp) {
            IDigitalAsset(r.asset).endCirculation(book.endedBefore);
        }
        emit RunCancelled(id, r.escrowKopeks);
    }

    // ------------------------------------------------------------------------------------------------- put

    /// @inheritdoc IPayouts
    function tender(uint256 id, uint64 units) external returns (uint256 encumbranceId) {
        Run storage run_ = _known(id).run;
        require(run_.kind == Kind.EARLY_PUT, RunTermsInvalid("kind"));
        require(run_.state == State.DECLARED, RunWrongState(id, run_.state));
        IDigitalAsset asset = IDigitalAsset(run_.asset);
        uint40 recordAt = asset.recordDateAt(run_.recordDate);
        require(block.timestamp <= recordAt, RunTenderClosed(id, recordAt));
        require(units != 0, RunTermsInvalid("units"));
        _participants.requireAdmitted(msg.sender, 0);

        Tender storage own = _tenders[id][msg.sender];
        run_.unitsDue += units;
        if (own.units == 0) ++_books[id].tenderers;
        // slither-disable-next-line reentrancy-no-eth -- the token calls nobody but Participants and the manager
        else asset.release(own.encumbranceId, own.units);
        units += own.units;
        encumbranceId = asset.encumber(msg.sender, IDigitalAsset.EncumbranceKind.ORDER, units, 0, bytes32(id));
        (own.units, own.encumbranceId) = (units, encumbranceId.toUint128());
        emit UnitsTendered(id, msg.sender, units, encumbranceId);
    }

    /// @inheritdoc IPayouts
    function returnTender(uint256 id, address holder) external {
        Book storage book = _known(id);
        State state = book.run.state;
        bool allowed = state == State.CANCELLED
            || (state == State.DEFAULTED && (msg.sender == holder || _hasRole(msg.sender, Roles.OPERATOR)));
        require(allowed, RunWrongState(id, state));
        Tender memory own = _tenders[id][holder];
        require(own.units != 0, RunTenderMissing(id, holder));

        delete _tenders[id][holder];
        book.run.unitsDue -= own.units;
        --book.tenderers;
        IDigitalAsset(book.run.asset).release(own.encumbranceId, own.units);
        emit TenderReturned(id, holder, own.units);
    }

    // ------------------------------------------------------------------------------------------------- distribution

    /// @inheritdoc IPayouts
    /// @dev An empty batch pays nobody but completes a redemption whose last units were burnt elsewhere (a put, for one).
    function distribute(uint256 id, address[] calldata holders, uint64[] calldata withheldKopeks) external {
        Book storage book = _known(id);
        Run memory r = book.run;
        require(r.state == State.FUNDED || r.state == State.EXECUTING, RunWrongState(id, r.state));
        require(block.timestamp >= r.dueAt, RunNotDue(id, r.dueAt));
        require(holders.length == withheldKopeks.length, RunTermsInvalid("withheldKopeks"));

        if (holders.length != 0) {
            uint256[] memory units = _unitsOf(id, r, holders);
            Batch memory batch = _pay(id, book, r, holders, withheldKopeks, units);
            book.run.state = State.EXECUTING;
            uint64 gross = batch.grossKopeks.toUint64();
            book.run.escrowKopeks = r.escrowKopeks - gross;
            book.run.unitsPaid = r.unitsPaid + batch.units.toUint64();
            book.run.kopeksPaid = r.kopeksPaid + gross;
            if (_burns(r.kind)) _burn(id, r, holders, units);
        }
        if (_isComplete(book.run)) _complete(id, book);
    }

    function _unitsOf(uint256 id, Run memory r, address[] calldata holders) private view returns (uint256[] memory units) {
        if (!_burns(r.kind)) return Lists.ask(r.asset, IDigitalAsset.unitsAtBatch.selector, holders, r.recordDate);
        units = new uint256[](holders.length);
        bool all = _redeemsAll(r.kind);
        for (uint256 i; i < holders.length; ++i) {
            units[i] = all ? IERC20(r.asset).balanceOf(holders[i]) : _tenders[id][holders[i]].units;
        }
    }

    function _pay(
        uint256 id,
        Book storage book,
        Run memory r,
        address[] calldata holders,
        uint64[] calldata withheldKopeks,
        uint256[] memory units
    ) private returns (Batch memory batch) {
        _begin(batch, id, r, book.limited);
        // The word of a holder, number and status, becomes the word of its payment.
        uint256[] memory words =
            Lists.ask(address(_participants), IParticipants.numbersAndStatus.selector, holders, 0);
        uint256[] memory facts = new uint256[](holders.length);
        for (uint256 i; i < holders.length; ++i) {
            uint256 word = words[i];
            address holder = holders[i];
            _mark(batch, word >> 8, holder);
            // Not active: blocked, or replaced and its rubles about to be moved to the new address.
            bool toFrozen = uint8(word) != uint8(IParticipants.Status.ACTIVE);
            // slither-disable-next-line reentrancy-no-eth -- Participants, which `restoreLimit` goes to, calls nobody
            (words[i], facts[i]) = _payOne(batch, holder, units[i], withheldKopeks[i], toFrozen ? 1 : 0);
        }
        _paid[id][batch.wordIndex] = batch.word;
        emit HoldersPaid(id, holders, facts);
        _rubles.payBatch(r.issuer, words);
        if (batch.withheldKopeks != 0) _rubles.pay(r.issuer, taxAccount, batch.withheldKopeks.toUint64(), true);
    }

    function _begin(Batch memory batch, uint256 id, Run memory r, bool limited) private view {
        batch.id = id;
        batch.limited = limited;
        batch.shareBps = maximumWithheldBps; // set together with the tax account, 0 until then
        batch.microKopeksPerUnit = r.microKopeksPerUnit;
        if (r.rounding == Rounding.PER_UNIT) batch.kopeksPerUnit = PayoutMath.roundHalfUp(r.microKopeksPerUnit);
        batch.word = _paid[id][0];
    }

    /// One bit a participant; a replaced address shares its successor's. Numbers of a sorted list change the word once in 256.
    function _mark(Batch memory batch, uint256 number, address holder) private {
        if (number >> 8 != batch.wordIndex) {
            _paid[batch.id][batch.wordIndex] = batch.word;
            batch.wordIndex = number >> 8;
            batch.word = _paid[batch.id][batch.wordIndex];
        }
        uint256 bit = 1 << (number & 0xff);
        if (batch.word & bit != 0) revert RunAlreadyPaid(batch.id, holder);
        batch.word |= bit;
    }

    /// @return payment as Rubles.payBatch wants it
    /// @return fact as HoldersPaid tells it
    function _payOne(Batch memory batch, address holder, uint256 units, uint256 withheld, uint256 toFrozen)
        private
        returns (uint256 payment, uint256 fact)
    {
        // Units come from the token alone, which knows no holder that is not a participant.
        if (units == 0) revert RunHolderWithoutUnits(batch.id, holder);
        uint256 gross;
        // Units and rates are below 2^64 and 2^63; that the sum of all fits 64 bits and the escrow is checked once a batch.
        unchecked {
            // slither-disable-next-line divide-before-multiply -- what is due is in whole kopeks, and tax is a share of what is due
            gross = batch.kopeksPerUnit != 0
                ? units * batch.kopeksPerUnit
                : (units * batch.microKopeksPerUnit + 500_000) / 1_000_000;
            if (withheld * 10_000 > gross * batch.shareBps) _requireRoundedTax(batch, holder, gross, withheld);
            batch.units += units;
            batch.grossKopeks += gross;
            batch.withheldKopeks += withheld;
            payment = uint256(uint160(holder)) << 96 | toFrozen << 64 | (gross - withheld);
            fact = units << 192 | gross << 128 | withheld << 64 | toFrozen;
        }
        if (batch.limited) _participants.restoreLimit(holder, gross.toUint64());
    }

    /// More than the set share passes only as that share rounded to whole rubles.
    function _requireRoundedTax(Batch memory batch, address holder, uint256 gross, uint256 withheld) private pure {
        uint64 allowed = PayoutMath.withheldAtMost(gross.toUint64(), uint16(batch.shareBps));
        if (withheld > allowed) revert RunWithheldTooMuch(batch.id, holder, uint64(withheld), allowed);
    }

    function _burn(uint256 id, Run memory r, address[] calldata holders, uint256[] memory units) private {
        uint64[] memory burnt = new uint64[](holders.length);
        for (uint256 i; i < holders.length; ++i) {
            burnt[i] = uint64(units[i]);
            if (r.kind == Kind.EARLY_PUT) {
                IDigitalAsset(r.asset).release(_tenders[id][holders[i]].encumbranceId, burnt[i]);
            }
        }
        IDigitalAsset(r.asset).redeem(holders, burnt);
    }

    function _isComplete(Run storage run_) private view returns (bool) {
        if (_redeemsAll(run_.kind)) return IERC20(run_.asset).totalSupply() == 0;
        return run_.unitsPaid == run_.unitsDue;
    }

    function _complete(uint256 id, Book storage book) private {
        Run memory r = book.run;
        book.run.state = State.DONE;
        book.run.escrowKopeks = 0;
        if (r.escrowKopeks != 0) _rubles.release(r.issuer, r.escrowKopeks);
        if (_burns(r.kind) && IERC20(r.asset).totalSupply() == 0) _finish(_registry.issueIdOf(r.asset));
        emit RunCompleted(id, r.unitsPaid, r.kopeksPaid, r.escrowKopeks);
    }

    /// A put and a redemption may both end with the last unit; the first of them has redeemed the issue.
    function _finish(bytes32 issueId) private {
        if (_registry.issue(issueId).state != IIssueRegistry.IssueState.CIRCULATION) return;
        _registry.advance(issueId, IIssueRegistry.IssueState.REDEEMED);
    }

    // ------------------------------------------------------------------------------------------------- default

    /// @inheritdoc IPayouts
    function markOverdue(uint256 id) external {
        Book storage book = _known(id);
        Run memory r = book.run;
        require(r.state == State.DECLARED, RunWrongState(id, r.state));
        require(block.timestamp > r.dueAt, RunNotDue(id, r.dueAt));
        // Nobody tendered: nothing is owed.
        require(r.kind != Kind.EARLY_PUT || r.unitsDue != 0, RunTermsInvalid("unitsDue"));
        book.run.state = State.OVERDUE;
        book.graceEndsAt = r.dueAt + graceSeconds;
        emit RunOverdue(id, book.graceEndsAt);
    }

    /// @inheritdoc IPayouts
    function markDefaulted(uint256 id) external {
        Book storage book = _known(id);
        require(book.run.state == State.OVERDUE, RunWrongState(id, book.run.state));
        require(block.timestamp > book.graceEndsAt, RunNotDue(id, book.graceEndsAt));
        book.run.state = State.DEFAULTED;
        emit RunDefaulted(id);
    }
}

// slither-disable-end timestamp,reentrancy-events,calls-loop
