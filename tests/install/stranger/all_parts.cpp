#include "engine/core/crc32c.hpp"

int main() {
    return millrace::engine::crc32c(0, "123456789", 9) == 0xE3069283U ? 0 : 1;
}
