#include "engine/core/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>

#include "engine/core/error.hpp"

namespace millrace::engine::test {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
protected:
    FileTest() {
        std::string name = (fs::temp_directory_path() / "millrace-XXXXXX").native();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make " + name);
        }
        directory = name;
    }
    ~FileTest() override {
        std::error_code ignored;
        fs::remove_all(directory, ignored);
    }
    fs::path directory;
};

using UniqueFd = FileTest;
using Mapping = FileTest;
using WholeFile = FileTest;
using PartOfAFile = FileTest;
using AllocateFile = FileTest;
using FileLock = FileTest;

TEST_F(UniqueFd, ClosesOnceWhereverItWasMoved) {
    int raw = -1;
    {
        unique_fd a = open_file(directory / "f", O_RDWR | O_CREAT);
        raw = a.get();
        unique_fd b(std::move(a));
        EXPECT_FALSE(a.is_open());  // NOLINT: a moved-from descriptor is none, by contract
        unique_fd c;
        c = std::move(b);
        EXPECT_EQ(c.get(), raw);
        EXPECT_NE(::fcntl(raw, F_GETFD), -1);
        EXPECT_NE(::fcntl(raw, F_GETFD) & FD_CLOEXEC, 0) << "a child program must not inherit it";
    }
    EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST_F(UniqueFd, NamesTheFileItCannotOpen) {
    try {
        (void)open_file(directory / "none", O_RDONLY);
        FAIL();
    } catch (const io_error& failure) {
        EXPECT_EQ(failure.error_number(), ENOENT);
        EXPECT_EQ(std::string(failure.what()),
                  "open " + (directory / "none").native() + ": No such file or directory");
    }
}

TEST_F(Mapping, SharesTheFilesBytesAndSurvivesTheDescriptor) {
    mapping map;
    {
        const unique_fd fd = open_file(directory / "f", O_RDWR | O_CREAT);
        allocate_file(fd.get(), 8192, "f");
        EXPECT_EQ(file_size(fd.get(), "f"), 8192u);
        map = mapping(fd.get(), 8192, access::read_write, "f");
    }
    ASSERT_TRUE(map.is_mapped());
    EXPECT_EQ(map.size(), 8192u);
    std::memcpy(map.data() + 5000, "hello", 5);
    EXPECT_EQ(read_whole_file(directory / "f").substr(5000, 5), "hello");
    mapping other(std::move(map));
    EXPECT_FALSE(map.is_mapped());  // NOLINT: a moved-from mapping is none, by contract
    EXPECT_EQ(std::memcmp(other.data() + 5000, "hello", 5), 0);
}

TEST_F(Mapping, RefusesToMapNothing) {
    const unique_fd fd = open_file(directory / "f", O_RDWR | O_CREAT);
    EXPECT_THROW(mapping(fd.get(), 0, access::read_only, "f"), io_error);
    EXPECT_THROW(mapping(-1, 4096, access::read_only, "f"), io_error);
}

TEST_F(Mapping, OfNoFileIsZerosOfItsOwn) {
    mapping map = mapping::anonymous(10'000);
    EXPECT_EQ(map.size(), 10'000u);
    EXPECT_EQ(map.data()[9999], std::byte{0});
    map.data()[9999] = std::byte{7};
    const mapping other = mapping::anonymous(10'000);
    EXPECT_EQ(other.data()[9999], std::byte{0});
}

TEST_F(Mapping, ShowsAnotherFileAtTheSameAddressOnceReplaced) {
    const std::string old_bytes(8192, 'o');
    const std::string new_bytes(8192, 'n');
    write_file_atomically(directory / "old", old_bytes);
    write_file_atomically(directory / "new", new_bytes);
    const unique_fd old_file = open_file(directory / "old", O_RDWR);
    const unique_fd new_file = open_file(directory / "new", O_RDWR);
    mapping map(old_file.get(), 8192, access::read_write, "old");
    const std::byte* data = map.data();
    EXPECT_EQ(data[5000], std::byte{'o'});
    map.replace_in_place(new_file.get(), "new");
    EXPECT_EQ(map.data(), data);
    EXPECT_EQ(data[5000], std::byte{'n'});
    write_at(new_file.get(), std::as_bytes(std::span("x", 1)), 5000, "new");
    EXPECT_EQ(data[5000], std::byte{'x'}) << "it is the file, not a copy";
    EXPECT_EQ(read_whole_file(directory / "old"), old_bytes);
    EXPECT_THROW(map.replace_in_place(-1, "none"), io_error);
}

TEST_F(WholeFile, IsWrittenAtAnOffsetAndNowhereElse) {
    write_file_atomically(directory / "f", "0123456789");
    const unique_fd fd = open_file(directory / "f", O_RDWR);
    write_at(fd.get(), std::as_bytes(std::span("abc", 3)), 4, "f");
    write_at(fd.get(), {}, 100, "f");
    EXPECT_EQ(read_whole_file(directory / "f"), "0123abc789");
    const unique_fd reading = open_file(directory / "f", O_RDONLY);
    EXPECT_THROW(write_at(reading.get(), std::as_bytes(std::span("a", 1)), 0, "f"), io_error);
}

TEST_F(WholeFile, TakesAnothersNameAndNamesItWhenItCannot) {
    write_file_atomically(directory / "a", "a");
    write_file_atomically(directory / "b", "b");
    rename_file(directory / "a", directory / "b");
    EXPECT_EQ(read_whole_file(directory / "b"), "a");
    try {
        rename_file(directory / "a", directory / "c");
        FAIL() << "nothing was thrown";
    } catch (const io_error& failure) {
        EXPECT_EQ(failure.error_number(), ENOENT);
        EXPECT_NE(std::string(failure.what()).find((directory / "c").native()), std::string::npos);
    }
}

TEST_F(WholeFile, HasItsFileSystemsFreeBytes) {
    EXPECT_GT(free_bytes(directory), 0u);
    EXPECT_THROW((void)free_bytes(directory / "none"), io_error);
}

TEST_F(AllocateFile, ReservesRealBlocks) {
    const unique_fd fd = open_file(directory / "f", O_RDWR | O_CREAT);
    allocate_file(fd.get(), 1 << 20, "f");
    struct stat status {};
    ASSERT_EQ(::fstat(fd.get(), &status), 0);
    EXPECT_EQ(status.st_size, 1 << 20);
    EXPECT_GE(status.st_blocks * 512, 1 << 20);
}

TEST_F(AllocateFile, RefusesWhatTheFileSystemCannotHold) {
    const unique_fd fd = open_file(directory / "f", O_RDWR | O_CREAT);
    EXPECT_THROW(allocate_file(fd.get(), std::size_t{1} << 62, "f"), io_error);
}

TEST_F(WholeFile, IsReadAsItWasWritten) {
    std::string bytes(200'000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(i * 31);
    }
    write_file_atomically(directory / "f", bytes);
    EXPECT_EQ(read_whole_file(directory / "f"), bytes);
    write_file_atomically(directory / "f", "");
    EXPECT_EQ(read_whole_file(directory / "f"), "");
    EXPECT_FALSE(fs::exists(directory / "f.tmp"));
}

TEST_F(PartOfAFile, IsWrittenAndReadWholeOrNotAtAll) {
    const unique_fd fd = open_file(directory / "f", O_RDWR | O_CREAT);
    EXPECT_EQ(try_write_at(fd.get(), "0123456789", 10, 0), 0);
    EXPECT_EQ(try_write_at(fd.get(), "xy", 2, 4), 0);
    char bytes[10] = {};
    EXPECT_TRUE(try_read_at(fd.get(), bytes, 5, 2));
    EXPECT_STREQ(bytes, "23xy6");
    EXPECT_TRUE(try_read_at(fd.get(), bytes, 10, 0));
    EXPECT_FALSE(try_read_at(fd.get(), bytes, 10, 1)) << "the file ends before";
    EXPECT_FALSE(try_read_at(-1, bytes, 1, 0));
    EXPECT_EQ(try_write_at(-1, "x", 1, 0), EBADF);
    const unique_fd full = open_file("/dev/full", O_WRONLY);
    EXPECT_EQ(try_write_at(full.get(), "x", 1, 0), ENOSPC);
}

TEST_F(WholeFile, OfADirectoryOrOfNothingIsAnError) {
    EXPECT_THROW((void)read_whole_file(directory), io_error);
    EXPECT_THROW((void)read_whole_file(directory / "none"), io_error);
    EXPECT_THROW(write_file_atomically(directory / "none" / "f", "x"), io_error);
}

TEST_F(WholeFile, DirectoriesAreMadeWithTheirParents) {
    ensure_directory(directory / "a" / "b" / "c");
    EXPECT_TRUE(fs::is_directory(directory / "a" / "b" / "c"));
    ensure_directory(directory / "a");
    std::ofstream(directory / "file") << "x";
    EXPECT_THROW(ensure_directory(directory / "file" / "d"), io_error);
    ensure_directory(fs::path("name").parent_path());  // the current directory
    ensure_directory("/");
}

TEST_F(WholeFile, IsForOwnerAndGroupAloneAsItsDirectoryIs) {
    const mode_t before = ::umask(022);
    ensure_directory(directory / "a" / "b");
    write_file_atomically(directory / "a" / "b" / "f", "x");
    ::umask(0077);
    ensure_directory(directory / "closed");
    ::umask(before);
    EXPECT_EQ(fs::status(directory / "a").permissions(), fs::perms{0750});
    EXPECT_EQ(fs::status(directory / "a" / "b").permissions(), fs::perms{0750});
    EXPECT_EQ(fs::status(directory / "a" / "b" / "f").permissions(), fs::perms{0640});
    EXPECT_EQ(fs::status(directory / "closed").permissions(), fs::perms{0700});
}

TEST_F(FileLock, ExcludesAnotherHolderInTheSameProcessAndNamesTheFirst) {
    const fs::path path = directory / "lock";
    file_lock first(path, "unit test");
    EXPECT_TRUE(first.is_held());
    const std::string holder = lock_holder(path);
    EXPECT_NE(holder.find("pid " + std::to_string(::getpid()) + ", host "), std::string::npos)
        << holder;
    EXPECT_NE(holder.find(": unit test)"), std::string::npos) << holder;
    try {
        const file_lock second(path, "another");
        FAIL();
    } catch (const locked_error& failure) {
        EXPECT_NE(std::string(failure.what()).find(holder), std::string::npos);
        EXPECT_NE(std::string(failure.what()).find(directory.native()), std::string::npos);
    }
    EXPECT_EQ(lock_holder(path), holder) << "a refused one leaves no name";
    EXPECT_TRUE(is_lock_held(path));
    first.release();
    EXPECT_FALSE(first.is_held());
    EXPECT_FALSE(is_lock_held(path));
    EXPECT_FALSE(is_lock_held(directory / "none"));
    const file_lock third(path, "another");
    EXPECT_NE(lock_holder(path).find("another"), std::string::npos);
}

TEST_F(FileLock, AgainstAWriterIsHeldBySeveralAndKeepsTheLine) {
    const fs::path path = directory / "lock";
    EXPECT_TRUE(file_lock::against_writer(path).is_held()) << "it is made";
    { const file_lock writer(path, "writer"); }
    const std::string line = lock_holder(path);
    {
        const file_lock first = file_lock::against_writer(path);
        const file_lock second = file_lock::against_writer(path);
        EXPECT_TRUE(first.is_held() && second.is_held());
        EXPECT_FALSE(is_lock_held(path)) << "nobody writes";
        try {
            const file_lock writer(path, "another");
            FAIL();
        } catch (const locked_error& failure) {
            EXPECT_EQ(std::string(failure.what()),
                      directory.native() +
                          ": is being copied, which keeps writers out; try again when that has "
                          "ended");
        }
    }
    EXPECT_EQ(lock_holder(path), line);
    const file_lock writer(path, "another");
    EXPECT_THROW((void)file_lock::against_writer(path), locked_error);
    EXPECT_FALSE(file_lock::against_writer(directory / "none" / "lock").is_held());
}

TEST_F(FileLock, FallsWithItsProcess) {
    const fs::path path = directory / "lock";
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const file_lock lock(path, "child");
        if (::write(ready[1], "x", 1) == 1) {
            ::pause();
        }
        ::_exit(1);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_THROW(file_lock(path, "parent"), locked_error);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(file_lock(path, "parent").is_held());
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_F(FileLock, OfAnUnreadablePlaceIsAnErrorAndItsHolderEmpty) {
    EXPECT_THROW(file_lock(directory / "none" / "lock", "x"), io_error);
    EXPECT_EQ(lock_holder(directory / "none"), "");
}

}  // namespace millrace::engine::test
