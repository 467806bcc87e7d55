"""Tests of the command line, most of them with engines that hear what they are told."""
