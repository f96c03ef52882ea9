// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDigitalAsset} from "../../../contracts/interfaces/IDigitalAsset.sol";
import {IParticipants} from "../../../contracts/interfaces/IParticipants.sol";
import {IPayouts} from "../../../contracts/interfaces/IPayouts.sol";
import {Deployed} from "./Deployed.sol";

/// @title What may happen: forge calls these functions in random order with random values
/// @notice What the rooms refuse reverts here too, and nothing has happened. Beside the rooms stands a memory of what they must remember.
contract Handler is Deployed {
    uint256 private _refs = 100;
    uint256[] public lots;
    /// Units of each actor at each record date, written down as the date passes.
    mapping(uint32 number => mapping(address who => uint64)) public remembered;
    uint32 public datesPassed;
    /// Units of a blocked actor: only force may change them.
    mapping(address who => uint256) public heldWhenBlocked;

    // --- time --------------------------------------------------------------------------------------------------------

    function wait(uint32 seconds_) external {
        _to(block.timestamp + uint256(seconds_) % 5 days);
    }

    function besideRecordDate(uint8 beside) external {
        if (datesPassed == asset.recordDateCount()) return;
        uint256 moment = uint256(asset.recordDateAt(datesPassed + 1)) + beside % 3 - 1;
        if (moment > block.timestamp) _to(moment);
    }

    /// Nothing else happens in a call that moves time: what reverts takes its memory back, but time stays where it is.
    function _to(uint256 moment) private {
        while (datesPassed < asset.recordDateCount() && moment > asset.recordDateAt(datesPassed + 1)) {
            ++datesPassed;
            for (uint256 i; i < actors.length; ++i) {
                remembered[datesPassed][actors[i]] = uint64(asset.balanceOf(actors[i]));
            }
        }
        VM.warp(moment);
    }

    // --- cash --------------------------------------------------------------------------------------------------------

    function credit(uint8 who, uint64 kopeks) external {
        rubles.credit(_actor(who), kopeks % (200 * PRICE), bytes32(++_refs));
    }

    function withdraw(uint8 who, uint64 kopeks, uint8 answer) external {
        VM.prank(_actor(who));
        bytes32 id = bytes32(++_refs);
        rubles.requestWithdrawal(id, kopeks % (300 * PRICE), 0);
        if (answer % 3 == 0) rubles.confirmWithdrawal(id, id);
        if (answer % 3 == 1) rubles.cancelWithdrawal(id, 0);
    }

    function freezeRubles(uint8 who, uint64 kopeks, bool lift) external {
        if (lift) rubles.unfreeze(_actor(who), kopeks % (300 * PRICE), 0);
        else rubles.freeze(_actor(who), kopeks % (300 * PRICE), 0);
    }

    function block_(uint8 who) external {
        address one = _actor(who);
        if (isBlocked(one)) {
            participants.unblock(one);
        } else {
            participants.block_(one, bytes32(uint256(1)), bytes32(uint256(1)));
            heldWhenBlocked[one] = asset.balanceOf(one);
        }
    }

    // --- markets -----------------------------------------------------------------------------------------------------

    function order(uint8 who, uint64 units) external {
        VM.prank(_actor(who));
        placement.order(ISSUE, 1 + units % 400, 0);
    }

    function recall(uint8 who, uint32 number) external {
        uint32 id = 1 + number % placement.sale(ISSUE).orderCount;
        VM.prank(_actor(who)); // of the next call, be it a question
        placement.recall(ISSUE, id);
    }

    function cancelOrder(uint32 number) external {
        placement.cancelOrder(ISSUE, 1 + number % placement.sale(ISSUE).orderCount, 0);
    }

    function settle(uint8 count) external {
        if (count % 8 != 0) return; // time jumps far: the sale shall have a life before
        if (block.timestamp < BEGIN + 31 days) return _to(BEGIN + 31 days);
        (bool closed,) = address(placement).call(abi.encodeCall(placement.close, (ISSUE)));
        closed; // it may have been closed before
        placement.settle(ISSUE, 1 + count / 8 % 3);
    }

    function offer(uint8 who, uint64 units, uint64 price) external {
        VM.prank(_actor(who));
        exchange.offer(address(asset), 1 + units % 40, 1 + price % (2 * PRICE), 1, address(0), uint40(block.timestamp + 3 days), 0);
    }

    function accept(uint8 who, uint256 number, uint64 units) external {
        uint256 id = 1 + number % exchange.count();
        VM.prank(_actor(who));
        exchange.accept(id, 1 + units % 10, 0);
    }

    function endOffer(uint8 who, uint256 number, bool expire) external {
        uint256 id = 1 + number % exchange.count();
        VM.prank(_actor(who));
        if (expire) exchange.expire(id);
        else exchange.withdraw(id);
    }

    // --- units -------------------------------------------------------------------------------------------------------

    function transfer(uint8 from, uint8 to, uint64 units) external {
        VM.prank(_actor(from));
        asset.transfer(to % 6 == 5 ? ISSUER : _actor(to), units % 30);
    }

    function encumber(uint8 who, uint8 kind, uint64 units, uint32 term) external {
        IDigitalAsset.EncumbranceKind wanted = IDigitalAsset.EncumbranceKind(kind % 5);
        if (wanted == IDigitalAsset.EncumbranceKind.ORDER) return; // made by offers
        if (wanted == IDigitalAsset.EncumbranceKind.LOCKUP) VM.prank(_actor(who));
        lots.push(asset.encumber(_actor(who), wanted, 1 + units % 20, uint40(block.timestamp + term % 10 days), 0));
    }

    function release(uint256 lot, uint64 units, bool freeze) external {
        uint256 id = lots[lot % lots.length];
        if (freeze) asset.unfreeze(id, units % 20);
        else asset.release(id, units % 20);
    }

    function freezeUnits(uint8 who, uint64 units) external {
        asset.setFrozenTokens(_actor(who), units % 4 == 0 ? units % 300 : units % 20);
    }

    function force(uint8 from, uint8 to, uint64 units, bool burn) external {
        address source = _actor(from);
        if (burn) asset.forcedBurn(source, units % 30, 0, 0);
        else asset.forcedTransfer(source, _actor(to), units % 60, false, 0, 0);
        heldWhenBlocked[source] = asset.balanceOf(source);
    }

    function pause(uint8 chance) external {
        asset.setPaused(chance % 8 == 0);
    }

    // --- payouts -----------------------------------------------------------------------------------------------------

    function declare(uint8 kind, uint32 number, uint64 micro, bool perHolder) external {
        IPayouts.Kind wanted = IPayouts.Kind(kind % 8 == 0 ? 2 : kind % 2);
        uint32 date = wanted == IPayouts.Kind.REDEMPTION ? 3 : 1 + number % 3;
        IPayouts.Rounding rounding = perHolder ? IPayouts.Rounding.PER_HOLDER : IPayouts.Rounding.PER_UNIT;
        uint40 dueAt = asset.recordDateAt(date);
        payouts.declare(address(asset), wanted, rounding, date, 500_000 + micro % 1e10, dueAt, bytes32(++_refs));
    }

    function fund(uint256 number) external {
        uint256 id = 1 + number % payouts.count();
        uint256 recorded = asset.recordDateAt(payouts.run(id).recordDate);
        if (block.timestamp <= recorded) return _to(recorded + 1);
        uint64 wanted = payouts.required(id);
        if (wanted != 0) rubles.credit(ISSUER, wanted, bytes32(++_refs));
        payouts.fund(id, wanted);
    }

    function distribute(uint256 number, uint8 first, uint8 count, uint16 share) external {
        address[] memory holders = new address[](1 + count % 3);
        uint64[] memory taxes = new uint64[](holders.length);
        uint256 id = 1 + number % payouts.count();
        for (uint256 i; i < holders.length; ++i) {
            holders[i] = _actor(uint8(first % 5 + i));
            uint256 gross = uint256(asset.unitsAt(holders[i], payouts.run(id).recordDate))
                * (payouts.run(id).microKopeksPerUnit / 1e6);
            taxes[i] = uint64(gross * (share % 3_100) / 10_000);
        }
        payouts.distribute(id, holders, taxes);
    }

    function cancelRun(uint256 number, uint8 chance) external {
        if (chance % 4 == 0) payouts.cancel(1 + number % payouts.count());
    }

    // --- questions ---------------------------------------------------------------------------------------------------

    function everybody() external view returns (address[] memory all) {
        all = new address[](actors.length + 2);
        for (uint256 i; i < actors.length; ++i) {
            all[i] = actors[i];
        }
        (all[actors.length], all[actors.length + 1]) = (ISSUER, TAX);
    }

    function isBlocked(address who) public view returns (bool) {
        return participants.participant(who).status == IParticipants.Status.BLOCKED;
    }

    function _actor(uint8 number) private view returns (address) {
        return actors[number % actors.length];
    }
}
