// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governed} from "../access/Governed.sol";
import {IERC1643} from "../interfaces/IERC1643.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title Documents of an issue: decision, amendments, notices, reports
abstract contract Documents is Governed, IERC1643 {
    struct Document {
        string uri;
        bytes32 hash;
        uint64 changedAt;
        uint32 place; // in the list of names, from 1
    }

    mapping(bytes32 name => Document) private _documents;
    bytes32[] private _names;

    /// @inheritdoc IERC1643
    function setDocument(bytes32 name, string calldata uri, bytes32 documentHash) external only(Roles.FOUR_EYES) {
        if (name == 0 || documentHash == 0) revert DocumentInvalid(name);
        Document storage document = _documents[name];
        if (document.place == 0) {
            _names.push(name);
            document.place = uint32(_names.length);
        }
        (document.uri, document.hash, document.changedAt) = (uri, documentHash, uint64(block.timestamp));
        emit DocumentUpdated(name, uri, documentHash);
    }

    /// @inheritdoc IERC1643
    function removeDocument(bytes32 name) external only(Roles.FOUR_EYES) {
        Document storage document = _documents[name];
        uint256 place = document.place;
        if (place == 0) revert DocumentUnknown(name);
        emit DocumentRemoved(name, document.uri, document.hash);
        bytes32 last = _names[_names.length - 1];
        _names[place - 1] = last;
        _documents[last].place = uint32(place);
        _names.pop();
        delete _documents[name];
    }

    /// @inheritdoc IERC1643
    function getDocument(bytes32 name) external view returns (string memory, bytes32, uint256) {
        Document storage document = _documents[name];
        return (document.uri, document.hash, document.changedAt);
    }

    /// @inheritdoc IERC1643
    function getAllDocuments() external view returns (bytes32[] memory) {
        return _names;
    }
}
