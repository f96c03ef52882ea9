// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IParticipants} from "../../../contracts/interfaces/IParticipants.sol";
import {IPayouts} from "../../../contracts/interfaces/IPayouts.sol";
import {IPlacement} from "../../../contracts/interfaces/IPlacement.sol";
import {IRubles} from "../../../contracts/interfaces/IRubles.sol";
import {Handler} from "./Handler.sol";

/// @title What holds after every call of a random sequence; numbers are those of docs/contracts.md
contract InvariantsTest {
    Handler private _handler;

    error Broken(string what, uint256 left, uint256 right);

    function setUp() external {
        _handler = new Handler();
    }

    /// forge asks whom to call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_1_units_add_up() external view {
        _unitsAddUp(_handler.asset());
        _unitsAddUp(_handler.coming());
    }

    function invariant_2_encumbered_within_units() external view {
        address[] memory all = _handler.everybody();
        for (uint256 i; i < all.length; ++i) {
            uint256 units = _handler.asset().balanceOf(all[i]);
            uint256 encumbered = _handler.asset().encumberedUnits(all[i]);
            _same("2: free and encumbered", _handler.asset().freeUnits(all[i]) + encumbered, units);
        }
    }

    function invariant_3_no_unit_reaches_a_stranger() external view {
        _same("3: units of who was never admitted", _handler.asset().balanceOf(_handler.actors(4)), 0);
    }

    /// A blocked holder may still be paid off by a redemption or get what settles an order made before.
    function invariant_4_nothing_leaves_a_blocked_holder() external view {
        bool redeemed = block.timestamp > _handler.asset().recordDateAt(3);
        for (uint256 i; i < 4; ++i) {
            address who = _handler.actors(i);
            if (redeemed || !_handler.isBlocked(who)) continue;
            _most("4: units before", _handler.heldWhenBlocked(who), _handler.asset().balanceOf(who));
        }
    }

    function invariant_5_record_dates_are_remembered() external view {
        for (uint32 number = 1; number <= _handler.datesPassed(); ++number) {
            uint256 sum;
            for (uint256 i; i < 5; ++i) {
                address who = _handler.actors(i);
                uint64 units = _handler.asset().unitsAt(who, number);
                _same("5: units at a record date", units, _handler.remembered(number, who));
                sum += units;
            }
            _same("5: supply at a record date", sum, _handler.asset().supplyAt(number));
        }
    }

    function invariant_6_rubles_add_up() external view {
        uint256 sum;
        address[] memory all = _handler.everybody();
        for (uint256 i; i < all.length; ++i) {
            IRubles.Account memory a = _handler.rubles().accountOf(all[i]);
            sum += uint256(a.free) + a.held + a.inTransit + a.frozen;
        }
        _same("6: rubles of all", sum, _handler.rubles().totalSupply());
        _same("6: supply", sum, _handler.rubles().creditedTotal() - _handler.rubles().paidOutTotal());
    }

    function invariant_6_escrow_is_what_is_owed() external view {
        IPlacement.Sale memory sale = _handler.placement().sale(_handler.ISSUE());
        _same(
            "6: escrow of Placement",
            _handler.rubles().escrowOf(address(_handler.placement())),
            uint256(sale.demand) * sale.terms.priceKopeks
        );
        uint256 owed;
        for (uint256 id = 1; id <= _handler.payouts().count(); ++id) {
            owed += _handler.payouts().run(id).escrowKopeks;
        }
        _same("6: escrow of Payouts", _handler.rubles().escrowOf(address(_handler.payouts())), owed);
        _same("6: escrow of Exchange", _handler.rubles().escrowOf(address(_handler.exchange())), 0);
    }

    function invariant_7_a_finished_sale_owes_nothing() external view {
        IPlacement.Sale memory sale = _handler.placement().sale(_handler.ISSUE());
        bool over = sale.state == IPlacement.State.COMPLETED || sale.state == IPlacement.State.FAILED;
        if (over) _same("7: demand", sale.demand, 0);
    }

    function invariant_8_nobody_is_paid_twice() external view {
        for (uint256 id = 1; id <= _handler.payouts().count(); ++id) {
            IPayouts.Run memory run = _handler.payouts().run(id);
            _most("8: units paid", run.unitsPaid, run.unitsDue);
            bool perUnit = run.rounding == IPayouts.Rounding.PER_UNIT;
            uint256 rate = (uint256(run.microKopeksPerUnit) + 500_000) / 1e6;
            if (perUnit) _same("8: kopeks paid", run.kopeksPaid, run.unitsPaid * rate);
        }
    }

    function invariant_9_the_limit_is_never_overdrawn() external view {
        for (uint256 i; i < 3; ++i) {
            IParticipants.Participant memory p = _handler.participants().participant(_handler.actors(i));
            int256 used = int256(p.limitNet) + int256(uint256(p.limitReserved));
            if (used > 0) _most("9: limit", uint256(used), _handler.LIMIT());
        }
    }

    function _unitsAddUp(IERC20 asset) private view {
        uint256 sum;
        address[] memory all = _handler.everybody();
        for (uint256 i; i < all.length; ++i) {
            sum += asset.balanceOf(all[i]);
        }
        _same("1: units of all and supply", sum, asset.totalSupply());
        _most("1: supply", sum, _handler.MAXIMUM());
    }

    function _same(string memory what, uint256 left, uint256 right) private pure {
        if (left != right) revert Broken(what, left, right);
    }

    function _most(string memory what, uint256 left, uint256 right) private pure {
        if (left > right) revert Broken(what, left, right);
    }
}
