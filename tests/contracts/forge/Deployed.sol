// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Rubles} from "../../../contracts/cash/Rubles.sol";
import {Participants} from "../../../contracts/identity/Participants.sol";
import {IIssueRegistry} from "../../../contracts/interfaces/IIssueRegistry.sol";
import {IParticipants} from "../../../contracts/interfaces/IParticipants.sol";
import {IPlacement} from "../../../contracts/interfaces/IPlacement.sol";
import {DigitalAsset} from "../../../contracts/issues/DigitalAsset.sol";
import {IssueRegistry} from "../../../contracts/issues/IssueRegistry.sol";
import {AccessClass} from "../../../contracts/libraries/AccessClass.sol";
import {Roles} from "../../../contracts/libraries/Roles.sol";
import {Payouts} from "../../../contracts/payouts/Payouts.sol";
import {Exchange} from "../../../contracts/settlement/Exchange.sol";
import {Placement} from "../../../contracts/settlement/Placement.sol";

/// What of forge's machine is used here.
interface Vm {
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function getNonce(address account) external view returns (uint64);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
}

/// @title The rooms, an issue of class LIMIT in circulation and a second one being placed; this contract stands for all officers, two of
/// them agreeing
contract Deployed {
    Vm internal constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    uint64 internal constant PRICE = 100_000;
    uint64 public constant MAXIMUM = 1_000;
    uint64 public constant LIMIT = 60_000_000;
    uint256 internal constant BEGIN = 1_900_000_000;
    address internal constant ISSUER = address(0x1550e2);
    address internal constant TAX = address(0x7a8);

    Participants public participants;
    Rubles public rubles;
    IssueRegistry public registry;
    Placement public placement;
    Exchange public exchange;
    Payouts public payouts;
    /// In circulation.
    DigitalAsset public asset;
    bytes32 public constant SOLD = keccak256("sold");
    /// Being placed.
    DigitalAsset public coming;
    bytes32 public constant ISSUE = keccak256("issue");
    /// Four who are admitted, one who never is.
    address[5] public actors = [address(0xa1), address(0xb2), address(0xc3), address(0xd4), address(0xe5)];

    constructor() {
        VM.warp(BEGIN);
        AccessManager manager = new AccessManager(address(this));
        participants = new Participants(manager);
        rubles = new Rubles(manager, participants);
        IPlacement next = IPlacement(VM.computeCreateAddress(address(this), VM.getNonce(address(this)) + 1));
        registry = new IssueRegistry(manager, participants, next);
        placement = new Placement(manager, participants, rubles, registry);
        exchange = new Exchange(manager, participants, rubles, registry);
        payouts = new Payouts(manager, participants, rubles, registry);
        _grant(manager);
        participants.setLimit(1, LIMIT);
        _admit();
        payouts.setTaxRule(TAX, 3_000);
        asset = DigitalAsset(registry.deploy(_terms(SOLD, 20 days), _sale(5 days)));
        _sell();
        coming = DigitalAsset(registry.deploy(_terms(ISSUE, 40 days), _sale(30 days)));
    }

    function _sell() private {
        for (uint64 i; i < 4; ++i) {
            VM.prank(actors[i]);
            placement.order(SOLD, 60 + 20 * i, 0);
        }
        VM.warp(BEGIN + 6 days);
        placement.close(SOLD);
        placement.settle(SOLD, 4);
    }

    function _grant(AccessManager manager) private {
        uint64[5] memory mine =
            [Roles.COMPLIANCE, Roles.MODERATOR, Roles.TREASURER, Roles.OPERATOR, Roles.FOUR_EYES];
        for (uint256 i; i < mine.length; ++i) {
            manager.grantRole(mine[i], address(this), 0);
        }
        manager.grantRole(Roles.VENUE, address(placement), 0);
        manager.grantRole(Roles.VENUE, address(exchange), 0);
        manager.grantRole(Roles.VENUE, address(payouts), 0);
    }

    function _admit() private {
        address[] memory who = new address[](6);
        IParticipants.Kind[] memory kinds = new IParticipants.Kind[](6);
        uint8[] memory classes = new uint8[](6);
        uint40[] memory until = new uint40[](6);
        bytes32[] memory files = new bytes32[](6);
        (who[4], who[5]) = (ISSUER, TAX);
        for (uint256 i; i < 6; ++i) {
            if (i < 4) who[i] = actors[i];
            kinds[i] = i < 3 ? IParticipants.Kind.PERSON : IParticipants.Kind.ORGANISATION;
            classes[i] = AccessClass.FREE | AccessClass.LIMIT;
            until[i] = uint40(BEGIN + 2_000 days);
        }
        participants.admit(who, kinds, classes, until, files);
        for (uint256 i; i < 4; ++i) {
            rubles.credit(who[i], 900 * PRICE, bytes32(i + 1));
        }
    }

    function _terms(bytes32 issue, uint256 step) private pure returns (IIssueRegistry.Terms memory t) {
        (t.issueId, t.issuer, t.decisionHash) = (issue, ISSUER, bytes32(uint256(1)));
        (t.name, t.symbol) = ("Issue", "I");
        (t.nominalKopeks, t.maximumUnits, t.accessClass) = (PRICE, MAXIMUM, AccessClass.LIMIT);
        t.maturity = uint40(BEGIN + 3 * step + 1 days);
        t.burnOnIssuerAcquire = true;
        t.recordDates = new uint40[](3);
        for (uint256 i; i < 3; ++i) {
            t.recordDates[i] = uint40(BEGIN + (i + 1) * step);
        }
    }

    function _sale(uint256 term) private pure returns (IIssueRegistry.PlacementTerms memory p) {
        (p.priceKopeks, p.minimumUnits, p.orderMin, p.orderMax) = (PRICE, 5, 1, MAXIMUM);
        p.startsAt = uint40(BEGIN);
        p.endsAt = uint40(BEGIN + term);
        p.creditingAt = uint40(BEGIN + term + 1 days);
    }
}
