// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Governed} from "../access/Governed.sol";
import {IIssueRegistry} from "../interfaces/IIssueRegistry.sol";
import {IParticipants} from "../interfaces/IParticipants.sol";
import {IPlacement} from "../interfaces/IPlacement.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {IssueTerms} from "../libraries/IssueTerms.sol";
import {Roles} from "../libraries/Roles.sol";
import {DigitalAsset} from "./DigitalAsset.sol";

/// @title The register of issues (реестр выпусков)
contract IssueRegistry is IIssueRegistry, Governed {
    using IssueTerms for Terms;
    using IssueTerms for PlacementTerms;
    using CodeStore for address;

    IParticipants public immutable PARTICIPANTS;
    IPlacement public immutable PLACEMENT;
    /// Data contract with the creation code of every token, written once by this contract.
    address public immutable ASSET_CODE;

    mapping(bytes32 issueId => Issue) private _issues;
    /// @inheritdoc IIssueRegistry
    mapping(address asset => bytes32 issueId) public issueIdOf;

    constructor(IAccessManager manager, IParticipants participants, IPlacement placement) Governed(manager) {
        PARTICIPANTS = participants;
        PLACEMENT = placement;
        ASSET_CODE = CodeStore.write(type(DigitalAsset).creationCode);
    }

    // --- Life of an issue --------------------------------------------------------------------------------------------

    /// @inheritdoc IIssueRegistry
    function deploy(Terms calldata terms, PlacementTerms calldata placementTerms)
        external
        only(Roles.FOUR_EYES)
        returns (address asset)
    {
        if (_issues[terms.issueId].state != IssueState.NONE) revert IssueExists(terms.issueId);
        terms.check();
        placementTerms.checkSale(terms);
        PARTICIPANTS.requireAdmitted(terms.issuer, 0);

        asset = ASSET_CODE.create(abi.encode(address(MANAGER), address(PARTICIPANTS), terms));
        _issues[terms.issueId] = Issue(IssueState.PLACEMENT, asset, terms.issuer, terms.decisionHash);
        issueIdOf[asset] = terms.issueId;

        emit IssueDeployed(terms.issueId, asset, terms.issuer, terms.decisionHash);
        emit IssueStateChanged(terms.issueId, IssueState.NONE, IssueState.PLACEMENT);

        PLACEMENT.open(terms.issueId, asset, terms.issuer, terms.maximumUnits, placementTerms);
    }

    /// @inheritdoc IIssueRegistry
    function advance(bytes32 issueId, IssueState to) external only(Roles.VENUE) {
        IssueState from = _known(issueId).state;
        bool allowed = from == IssueState.PLACEMENT
            ? to == IssueState.CIRCULATION || to == IssueState.FAILED
            : from == IssueState.CIRCULATION && to == IssueState.REDEEMED;
        if (!allowed) revert IssueWrongState(issueId, from, to);

        _change(issueId, from, to);
    }

    /// @inheritdoc IIssueRegistry
    function close(bytes32 issueId) external {
        Issue storage one = _known(issueId);
        IssueState from = one.state;
        bool over = from == IssueState.REDEEMED
            ? IERC20(one.asset).totalSupply() == 0
            : from == IssueState.FAILED && PLACEMENT.sale(issueId).state == IPlacement.State.FAILED;
        if (!over) revert IssueWrongState(issueId, from, IssueState.CLOSED);

        _change(issueId, from, IssueState.CLOSED);
    }

    // --- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IIssueRegistry
    function issue(bytes32 issueId) external view returns (Issue memory) {
        return _issues[issueId];
    }

    /// @inheritdoc IIssueRegistry
    function isAsset(address asset) external view returns (bool) {
        return issueIdOf[asset] != 0;
    }

    // --- Inside ------------------------------------------------------------------------------------------------------

    function _known(bytes32 issueId) private view returns (Issue storage one) {
        one = _issues[issueId];
        if (one.state == IssueState.NONE) revert IssueUnknown(issueId);
    }

    function _change(bytes32 issueId, IssueState from, IssueState to) private {
        _issues[issueId].state = to;

        emit IssueStateChanged(issueId, from, to);
    }
}
