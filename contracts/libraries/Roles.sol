// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Roles in the AccessManager
/// @notice Role 0 (OpenZeppelin's ADMIN_ROLE, which grants roles) belongs to the FourEyes contract alone; human administrators hold ADMINISTRATOR.
library Roles {
    uint64 internal constant ADMINISTRATOR = 1;
    uint64 internal constant COMPLIANCE = 2;
    uint64 internal constant MODERATOR = 3;
    uint64 internal constant REGISTRAR = 4;
    uint64 internal constant TREASURER = 5;
    uint64 internal constant VENUE = 6;
    uint64 internal constant OPERATOR = 7;
    uint64 internal constant FOUR_EYES = 8;
}
