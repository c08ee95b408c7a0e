#include "tests/support/supervisor_filter.hpp"

#include "tests/support/failed.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace afio::testing {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t native = AUDIT_ARCH_AARCH64;
#endif

using instructions = std::vector<sock_filter>;

void load(instructions& code, std::size_t offset) {
  code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}

void answer(instructions& code, std::uint32_t verdict) {
  code.push_back(BPF_STMT(BPF_RET | BPF_K, verdict));
}

// If what was loaded is `value`, that is the verdict; else the next instruction.
void answer_if(instructions& code, std::uint32_t value, std::uint32_t verdict) {
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  answer(code, verdict);
}

// Another architecture's calls have other numbers, so that nothing would be stopped at.
void refuse_other_architectures(instructions& code) {
  load(code, offsetof(seccomp_data, arch));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native, 1, 0));
  answer(code, SECCOMP_RET_KILL_PROCESS);
}

// Of the ioctls only those that change files: a terminal's are of no interest.
void stop_at_ioctls(instructions& code) {
  load(code, offsetof(seccomp_data, args) + sizeof(std::uint64_t));
  for (const unsigned long request :
       {FICLONE, FICLONERANGE, FIDEDUPERANGE, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR}) {
    answer_if(code, static_cast<std::uint32_t>(request), SECCOMP_RET_USER_NOTIF);
  }
  answer(code, SECCOMP_RET_ALLOW);
}

instructions assemble(std::initializer_list<std::span<const call>> calls) {
  instructions code;
  refuse_other_architectures(code);
  load(code, offsetof(seccomp_data, nr));
  answer_if(code, SYS_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS);
  for (const auto& group : calls) {
    for (const call& one : group) {
      if (one.number != SYS_ioctl) {
        answer_if(code, static_cast<std::uint32_t>(one.number), SECCOMP_RET_USER_NOTIF);
      }
    }
  }
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0));
  answer(code, SECCOMP_RET_ALLOW);
  stop_at_ioctls(code);
  return code;
}

// The second flag keeps signals from restarting a call that waits, which would stop it twice.
// Kernels before 5.19 don't know it.
int new_listener(const sock_fprog& filter) noexcept {
  constexpr unsigned long plain = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  for (const unsigned long flags : {plain | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, plain}) {
    const long fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    if (fd >= 0 || errno != EINVAL) return static_cast<int>(fd);
  }
  return -1;
}

struct descriptor_message {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};

  descriptor_message() noexcept {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
};

int send_descriptor(int socket, int fd) noexcept {
  descriptor_message message;
  cmsghdr* attached = CMSG_FIRSTHDR(&message.header);
  attached->cmsg_level = SOL_SOCKET;
  attached->cmsg_type = SCM_RIGHTS;
  attached->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(attached), &fd, sizeof fd);
  return ::sendmsg(socket, &message.header, 0) == 1 ? 0 : errno;
}

} // namespace

stop_filter::stop_filter(std::initializer_list<std::span<const call>> calls)
    : code_(assemble(calls)) {
  int ends[2];
  checked(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  program_end_ = unique_fd(ends[0]);
  test_end_ = unique_fd(ends[1]);
}

int stop_filter::install() const noexcept {
  // Without it a filter needs a privilege that the program may just have given up.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  const sock_fprog filter{static_cast<unsigned short>(code_.size()),
                          const_cast<sock_filter*>(code_.data())};
  const int listener = new_listener(filter);
  return listener < 0 ? errno : send_descriptor(program_end_.get(), listener);
}

unique_fd stop_filter::listener() const {
  descriptor_message message;
  checked(::recvmsg(test_end_.get(), &message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), "recvmsg");
  int fd = -1;
  if (const cmsghdr* attached = CMSG_FIRSTHDR(&message.header)) {
    std::memcpy(&fd, CMSG_DATA(attached), sizeof fd);
  }
  return unique_fd(fd);
}

} // namespace afio::testing
