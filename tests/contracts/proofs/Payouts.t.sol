// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IIssueRegistry} from "../../../contracts/interfaces/IIssueRegistry.sol";
import {IParticipants} from "../../../contracts/interfaces/IParticipants.sol";
import {IPayouts} from "../../../contracts/interfaces/IPayouts.sol";
import {IRubles} from "../../../contracts/interfaces/IRubles.sol";
import {Payouts} from "../../../contracts/payouts/Payouts.sol";
import {AnyManager, Proof} from "./Symbolic.sol";

/// @title A token in which anybody may have had any units, up to a number that the proof chooses, at any record date
contract AnyUnits {
    mapping(address holder => uint64) private _units;
    uint256 public totalSupply;
    uint64 private immutable _mask;

    constructor(uint64 mask) {
        _mask = mask;
    }

    function unitsAtBatch(address[] calldata holders, uint32) external view returns (uint64[] memory units) {
        units = new uint64[](holders.length);
        for (uint256 i; i < holders.length; ++i) {
            units[i] = _units[holders[i]] & _mask;
        }
    }

    function balanceOf(address holder) external view returns (uint256) {
        return _units[holder] & _mask;
    }

    function redeem(address[] calldata, uint64[] calldata) external pure {}

    function release(uint256, uint64) external pure {}
}

/// @title An allowlist in which any address may have any number up to a highest and any state
/// @dev Several may have one number, as a replaced one and its successor.
contract AnyNumbers {
    mapping(address who => uint40) private _words; // number and status
    uint40 private immutable _mask;

    constructor(uint32 highest) {
        _mask = uint40(highest) << 8 | 0xff;
    }

    function numbersAndStatus(address[] calldata list) external view returns (uint40[] memory words) {
        words = new uint40[](list.length);
        for (uint256 i; i < list.length; ++i) {
            words[i] = _words[list[i]] & _mask;
        }
    }

    function participant(address who) external view returns (IParticipants.Participant memory found) {
        found.number = uint32((_words[who] & _mask) >> 8);
    }

    function restoreLimit(address, uint64) external pure {}
}

/// @title Rubles that remember how much was paid out of escrow
contract PaidRubles {
    uint256 public paidOut;

    function payBatch(address, uint256[] calldata payments) external {
        for (uint256 i; i < payments.length; ++i) {
            paidOut += uint64(payments[i]);
        }
    }

    function pay(address, address, uint64 kopeks, bool) external {
        paidOut += kopeks;
    }

    function release(address, uint64) external pure {}
}

/// @title A register that lets every issue come to its end
contract EndingRegistry {
    function issueIdOf(address) external pure returns (bytes32) {
        return 0;
    }

    function issue(bytes32) external pure returns (IIssueRegistry.Issue memory none) {}
}

/// @title Payments to holders from any state of the runs, the allowlist and the access manager
/// @dev Bounds: batches of one and two holders; a longer batch repeats the same step for each holder. What a unit is due stands fixed, and the
/// highest share of tax, because no solver multiplies two unknowns of 64 bits: whom a batch pays doesn't depend on how much, and the
/// arithmetic of sums has tests of its own. Units are any, or any up to FEW where sums are compared; escrow, what was paid before and the
/// tax withheld are any. Numbers of participants are any, or any of the first two words of the bitmap where three of them
/// meet.
abstract contract PayoutsProofBase is Proof {
    uint128 private constant KOPEKS_A_UNIT = 12_345;
    /// Where Payouts keeps its rules and its runs: `forge inspect Payouts storageLayout`.
    uint256 private constant RULES_SLOT = 2;
    uint256 private constant BOOKS_SLOT = 3;

    Payouts internal _payouts;
    AnyNumbers private _participants;
    AnyUnits private _asset;
    PaidRubles internal _rubles;

    /// What a proof leaves unbounded.
    struct Bounds {
        uint64 units; // of one holder
        uint32 number; // of a participant
        uint256 taxBps;
        bool anyKind; // of run; else of coupons alone
    }

    function _most() internal pure virtual returns (Bounds memory);

    function setUp() public {
        Bounds memory most = _most();
        AnyManager manager = new AnyManager();
        _participants = new AnyNumbers(most.number);
        (_asset, _rubles) = (new AnyUnits(most.units), new PaidRubles());
        _payouts = new Payouts(
            IAccessManager(address(manager)),
            IParticipants(address(_participants)),
            IRubles(address(_rubles)),
            IIssueRegistry(address(new EndingRegistry()))
        );
        ANY.enableSymbolicStorage(address(manager));
        ANY.enableSymbolicStorage(address(_participants));
        ANY.enableSymbolicStorage(address(_asset));
        ANY.enableSymbolicStorage(address(_payouts));
        MACHINE.warp(ANY.createUint(40, "now"));
    }

    /// An unknown run is refused; a known one is of this token, here with whole kopeks a unit.
    function _assumeRun(uint256 id) internal {
        Bounds memory most = _most();
        uint256 rules = uint256(MACHINE.load(address(_payouts), bytes32(RULES_SLOT)));
        rules = rules & ~(uint256(type(uint16).max) << 160) | most.taxBps << 160;
        MACHINE.store(address(_payouts), bytes32(RULES_SLOT), bytes32(rules));
        uint256 place = uint256(keccak256(abi.encode(id, BOOKS_SLOT)));
        uint256 terms = uint256(MACHINE.load(address(_payouts), bytes32(place + 1)));
        terms = terms & ~(uint256(0xff) << 168) | uint256(IPayouts.Rounding.PER_UNIT) << 168;
        if (!most.anyKind) terms = terms & ~(uint256(0xff) << 160) | uint256(IPayouts.Kind.COUPON) << 160;
        MACHINE.store(address(_payouts), bytes32(place + 1), bytes32(terms));
        (uint256 escrow, uint256 due) = (ANY.createUint(64, "escrow"), ANY.createUint(64, "due"));
        uint256 sums = due << 192 | escrow << 128 | uint256(KOPEKS_A_UNIT) * 1_000_000;
        MACHINE.store(address(_payouts), bytes32(place + 2), bytes32(sums));

        IPayouts.Run memory run = _payouts.run(id);
        assert(run.rounding == IPayouts.Rounding.PER_UNIT && run.microKopeksPerUnit == KOPEKS_A_UNIT * 1_000_000);
        assert(run.escrowKopeks == escrow && run.unitsDue == due && _payouts.maximumWithheldBps() == most.taxBps);
        MACHINE.assume(run.asset == address(_asset));
    }

    function _number(address who) internal view returns (uint32) {
        return _participants.participant(who).number;
    }

    function _distribute(uint256 id, address[] memory holders, uint64[] memory taxes) internal returns (bool done) {
        MACHINE.prank(ANY.createAddress("caller"));
        (done,) = address(_payouts).call(abi.encodeCall(IPayouts.distribute, (id, holders, taxes)));
    }
}

/// @title Whom a run pays, whatever it pays
contract PayoutsProof is PayoutsProofBase {
    function _most() internal pure override returns (Bounds memory) {
        return Bounds(type(uint64).max, type(uint32).max, 1_500, true);
    }

    /// @notice A holder that was paid is not paid again, under whatever address it acts now; a holder that is paid is marked as paid.
    function check_a_holder_is_paid_once(uint256 id, address holder, uint64 withheld) external {
        _assumeRun(id);
        bool before = _payouts.paid(id, holder);
        (address[] memory holders, uint64[] memory taxes) = (new address[](1), new uint64[](1));
        (holders[0], taxes[0]) = (holder, withheld);
        if (!_distribute(id, holders, taxes)) return;
        assert(!before && _payouts.paid(id, holder));
    }

    /// @notice Whatever anybody calls, who was paid stays paid.
    function check_who_was_paid_stays_paid(uint256 id, address holder, address caller) external {
        MACHINE.assume(_payouts.paid(id, holder));
        bytes memory data = ANY.createCalldata("Payouts");
        MACHINE.assume(bytes4(data) != IPayouts.distribute.selector);
        MACHINE.prank(caller);
        (bool done,) = address(_payouts).call(data);
        assert(_payouts.paid(id, holder));
        done;
    }
}

/// @title Two holders in one batch of a coupon, of which nothing is withheld
contract PayoutsBatchProof is PayoutsProofBase {
    uint64 private constant FEW = 255;
    uint32 private constant TWO_WORDS = 511; // of the bitmap of who was paid

    function _most() internal pure override returns (Bounds memory) {
        return Bounds(FEW, TWO_WORDS, 0, false);
    }

    /// @notice Whom a batch pays was not paid before.
    function check_a_batch_pays_nobody_again(uint256 id, address first, address second) external {
        _assumeRun(id);
        (bool one, bool two) = (_payouts.paid(id, first), _payouts.paid(id, second));
        if (_distributeTwo(id, first, second)) assert(!one && !two);
    }

    /// @notice Nobody stands in one batch twice, under whatever addresses.
    function check_a_batch_pays_nobody_twice(uint256 id, address first, address second) external {
        _assumeRun(id);
        if (_distributeTwo(id, first, second)) assert(_number(first) != _number(second));
    }

    /// @notice Both of a batch are marked as paid.
    function check_a_batch_marks_whom_it_pays(uint256 id, address first, address second) external {
        _assumeRun(id);
        if (_distributeTwo(id, first, second)) assert(_payouts.paid(id, first) && _payouts.paid(id, second));
    }

    /// @notice Nobody else is.
    function check_a_batch_marks_nobody_else(uint256 id, address first, address second, address other) external {
        _assumeRun(id);
        bool before = _payouts.paid(id, other);
        if (!_distributeTwo(id, first, second)) return;
        bool named = _number(other) == _number(first) || _number(other) == _number(second);
        assert(_payouts.paid(id, other) == (before || named));
    }

    function _distributeTwo(uint256 id, address first, address second) private returns (bool done) {
        (address[] memory holders, uint64[] memory taxes) = (new address[](2), new uint64[](2));
        (holders[0], holders[1]) = (first, second);
        return _distribute(id, holders, taxes);
    }
}

/// @title Money of a batch of a coupon
contract PayoutsMoneyProof is PayoutsProofBase {
    uint64 private constant FEW = 15;
    uint32 private constant FEW_NUMBERS = 1; // no sum depends on who it is

    function _most() internal pure override returns (Bounds memory) {
        return Bounds(FEW, FEW_NUMBERS, 1_500, false);
    }

    /// @notice What goes to the holder and as tax was in the run's escrow.
    function check_money_paid_was_in_escrow(uint256 id, address holder, uint64 withheld) external {
        (bool done, IPayouts.Run memory was,) = _paidOne(id, holder, withheld);
        if (done) assert(_rubles.paidOut() <= was.escrowKopeks);
    }

    /// @notice The escrow gives exactly that, and nothing is left in it when the run is done.
    function check_escrow_gives_what_is_paid(uint256 id, address holder, uint64 withheld) external {
        (bool done, IPayouts.Run memory was, IPayouts.Run memory present) = _paidOne(id, holder, withheld);
        if (!done) return;
        bool ended = present.state == IPayouts.State.DONE;
        assert(present.escrowKopeks == (ended ? 0 : was.escrowKopeks - _rubles.paidOut()));
    }

    /// @notice What the run's book says was paid never falls.
    function check_paid_sum_never_falls(uint256 id, address holder, uint64 withheld) external {
        (bool done, IPayouts.Run memory was, IPayouts.Run memory present) = _paidOne(id, holder, withheld);
        if (done) assert(present.kopeksPaid >= was.kopeksPaid);
    }

    /// @notice It grows by what was paid: equal in 64 bits, which is exact, as it never falls and what is paid fits the escrow.
    function check_money_paid_is_money_booked(uint256 id, address holder, uint64 withheld) external {
        (bool done, IPayouts.Run memory was, IPayouts.Run memory present) = _paidOne(id, holder, withheld);
        if (!done) return;
        unchecked {
            assert(present.kopeksPaid == uint64(was.kopeksPaid + _rubles.paidOut()));
        }
    }

    function _paidOne(uint256 id, address holder, uint64 withheld)
        private
        returns (bool done, IPayouts.Run memory was, IPayouts.Run memory present)
    {
        _assumeRun(id);
        was = _payouts.run(id);
        (address[] memory holders, uint64[] memory taxes) = (new address[](1), new uint64[](1));
        (holders[0], taxes[0]) = (holder, withheld);
        done = _distribute(id, holders, taxes);
        present = _payouts.run(id);
    }
}
