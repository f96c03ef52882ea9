// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Governed} from "../access/Governed.sol";
import {IAnchors} from "../interfaces/IAnchors.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title Roots of the off-chain audit journal and of published documents, in sequence
contract Anchors is IAnchors, Governed {
    struct Last {
        uint64 sequence;
        uint64 entry;
        bytes32 root;
    }

    mapping(Kind kind => Last) private _last;

    constructor(IAccessManager manager) Governed(manager) {}

    /// @inheritdoc IAnchors
    function anchor(Kind kind, bytes32 root, uint64 firstEntry, uint64 lastEntry)
        external
        only(Roles.OPERATOR)
        returns (uint64 sequence)
    {
        Last storage last = _last[kind];
        if (firstEntry != last.entry + 1) revert AnchorOutOfSequence(kind, last.entry + 1, firstEntry);
        if (root == 0 || lastEntry < firstEntry) revert AnchorEmpty();

        bytes32 previous = last.root;
        sequence = last.sequence + 1;
        (last.sequence, last.entry, last.root) = (sequence, lastEntry, root);

        emit Anchored(kind, sequence, root, previous, firstEntry, lastEntry);
    }

    /// @inheritdoc IAnchors
    function latest(Kind kind) external view returns (uint64 sequence, bytes32 root, uint64 lastEntry) {
        Last storage last = _last[kind];
        return (last.sequence, last.root, last.entry);
    }
}
