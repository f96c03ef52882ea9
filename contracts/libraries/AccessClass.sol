// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Access classes: who may acquire an asset, one bit each (259-ФЗ ст. 4; Bank of Russia's ordinance on unqualified persons)
library AccessClass {
    uint8 internal constant FREE = 1;
    uint8 internal constant LIMIT = 2;
    uint8 internal constant TEST = 4;
    uint8 internal constant QUAL = 8;
}
