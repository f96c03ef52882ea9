// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Restriction codes of ERC-1404, one for each custom error that can stop a transfer
library Restrictions {
    uint8 internal constant NONE = 0;
    uint8 internal constant PAUSED = 1;
    uint8 internal constant LOCKED = 2;
    uint8 internal constant NOT_CIRCULATING = 3;
    uint8 internal constant VENUES_ONLY = 4;
    uint8 internal constant NOT_ADMITTED = 5;
    uint8 internal constant EXPIRED = 6;
    uint8 internal constant BLOCKED = 7;
    uint8 internal constant CLASS = 8;
    uint8 internal constant INSUFFICIENT_FREE = 9;
    uint8 internal constant RECEIVER_INVALID = 10;
}
