import Atomistics
