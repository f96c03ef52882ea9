// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Base of every room: asks the AccessManager whether the caller holds a role
abstract contract Governed {
    IAccessManager public immutable MANAGER;

    error RoleRequired(address who, uint64 role);

    modifier only(uint64 role) {
        _requireRole(msg.sender, role);
        _;
    }

    constructor(IAccessManager manager) {
        MANAGER = manager;
    }

    function _requireRole(address who, uint64 role) internal view {
        if (!_hasRole(who, role)) revert RoleRequired(who, role);
    }

    /// A member with an execution delay counts as none: the rooms know no delayed calls.
    function _hasRole(address who, uint64 role) internal view returns (bool) {
        (bool member, uint32 delay) = MANAGER.hasRole(role, who);
        return member && delay == 0;
    }
}
